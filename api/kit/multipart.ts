import type { Request } from 'express';
import { z } from 'zod';
import { bodyReader } from './body.ts';
import { problem } from './errors.ts';
import { assertStorable } from './json-body.ts';

/** A file as it was sent: the name is only what the sender calls it. */
export class Upload {
  readonly name: string;
  readonly bytes: Buffer;

  constructor(name: string, bytes: Buffer) {
    this.name = name;
    this.bytes = bytes;
  }
}

export const LARGEST_FILE = 10 * 1024 * 1024;
/** Boundaries, headers and fields beside the file. */
const AROUND_IT = 64 * 1024;

const tooLarge = () => problem(413, 'body_too_large', 'The file must not exceed 10 MiB.', 'file');
const readBody = bodyReader({ most: LARGEST_FILE + AROUND_IT, tooLarge });

/** A file in a multipart body. */
export const upload = () =>
  z
    .custom<Upload>((value) => value instanceof Upload, 'must be a file')
    .refine(({ bytes }) => bytes.length <= LARGEST_FILE, 'must not exceed 10 MiB')
    .meta({ override: { type: 'string', format: 'binary' } });

/** The parts of a multipart body by name: texts and files. Each name once. Never more than one file of 10 MiB in memory. */
export const readMultipart = async (req: Request): Promise<Record<string, string | Upload>> => {
  const type = req.headers['content-type'] ?? '';
  if (!/^multipart\/form-data\s*;/i.test(type)) {
    throw problem(415, 'unsupported_media_type', 'Send the file as multipart/form-data.');
  }
  const bytes = new Uint8Array(await readBody(req));
  const parts = new Map<string, string | Upload>();
  for (const [name, value] of await formOf(bytes, type)) {
    if (parts.has(name)) throw problem(400, 'validation', `${name} is given twice.`, name.slice(0, 200));
    assertStorable(typeof value === 'string' ? value : value.name, name);
    parts.set(name, typeof value === 'string' ? value : new Upload(value.name, Buffer.from(await value.arrayBuffer())));
  }
  return Object.fromEntries(parts);
};

const formOf = async (bytes: Uint8Array<ArrayBuffer>, type: string): Promise<FormData> => {
  try {
    return await new Response(bytes, { headers: { 'content-type': type } }).formData();
  } catch {
    throw problem(400, 'validation', 'The body is not a proper multipart form.');
  }
};
