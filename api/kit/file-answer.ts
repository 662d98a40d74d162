import type { Response } from 'express';
import { z } from 'zod';

export interface SentFile {
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
  res.setHeader('Content-Disposition', `attachment; filename*=UTF-8''${encoded(name)}`);
  res.setHeader('Content-Security-Policy', "default-src 'none'; sandbox");
  res.end(bytes);
};

/** RFC 8187. */
const encoded = (name: string): string =>
  encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
