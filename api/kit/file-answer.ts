import type { Response } from 'express';
import { z } from 'zod';
import { withoutUnseen } from '../../domain/unseen.ts';

export interface SentFile {
  /** What its sender called it; saved under an ending that says what it is. */
  name: string;
  mimeType: string;
  bytes: Buffer;
}

/** The answer of a method that sends a file. */
export const FileAnswer = z.custom<SentFile>().meta({ override: { type: 'string', format: 'binary' } });

/** Saved, never shown in the browser: whatever is in it cannot act as a page of ours. */
export const sendFile = (res: Response, { name, mimeType, bytes }: SentFile): void => {
  res.statusCode = 200;
  res.setHeader('Content-Type', mimeType);
  res.setHeader('Content-Length', bytes.length);
  res.setHeader('Content-Disposition', `attachment; filename*=UTF-8''${encoded(savedName(name, mimeType))}`);
  res.setHeader('Content-Security-Policy', "default-src 'none'; sandbox");
  res.end(bytes);
};

/** The first is ours, the others are taken from who names it so. */
const ENDINGS: Record<string, readonly [string, ...string[]]> = {
  'image/jpeg': ['.jpg', '.jpeg'],
  'image/png': ['.png'],
  'image/gif': ['.gif'],
  'application/pdf': ['.pdf'],
};

/** By its ending a machine chooses what opens a file: that is ours to say, from the content. What begins with a digit is the end of a date. */
const savedName = (name: string, mimeType: string): string => {
  const seen = withoutUnseen(name).trim();
  const [ours, ...others] = ENDINGS[mimeType]!;
  const given = /\.[a-z][a-z0-9]{0,4}$/i.exec(seen)?.[0] ?? '';
  const own = seen.slice(0, seen.length - given.length) || 'file';
  return own + ([ours, ...others].includes(given.toLowerCase()) ? given : ours);
};

/** RFC 8187. */
const encoded = (name: string): string =>
  encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
