import type { Request } from 'express';
import { raw } from 'express';
import { type Problem, problem } from './errors.ts';

interface BodyRules {
  /** Bytes. */
  most: number;
  tooLarge: () => Problem;
  /** Compressed bodies are unfolded, up to `most`; else refused. */
  unfold?: boolean;
}

/**
 * The bytes of a request. Refused before a byte is read when the announced length is too much, else as soon as it gets too long;
 * Node drops the rest as it comes.
 */
export const bodyReader = ({ most, tooLarge, unfold = false }: BodyRules): ((req: Request) => Promise<Buffer>) => {
  const unfolding = raw({ type: () => true, limit: most, inflate: unfold });
  return (req) => {
    const { 'content-length': announced, 'content-encoding': encoding, 'transfer-encoding': chunked } = req.headers;
    if (Number(announced ?? 0) > most) return Promise.reject(tooLarge());
    if (announced === undefined && chunked === undefined) return Promise.resolve(Buffer.alloc(0));
    if (encoding === undefined) return plainBytes(req, most, tooLarge);
    return new Promise((done, refuse) => {
      unfolding(req, req.res!, (error?: unknown) => (error ? refuse(error as Error) : done(req.body as Buffer)));
    });
  };
};

/** What Express does for any body, without what only encoded ones need: most requests pass here. */
const plainBytes = (req: Request, most: number, tooLarge: () => Problem): Promise<Buffer> =>
  new Promise((done, refuse) => {
    const parts: Buffer[] = [];
    let length = 0;
    const take = (part: Buffer): void => {
      length += part.length;
      parts.push(part);
      if (length <= most) return;
      req.off('data', take).resume();
      refuse(tooLarge());
    };
    req
      .on('data', take)
      .once('end', () => done(parts.length === 1 ? parts[0]! : Buffer.concat(parts, length)))
      .once('error', refuse)
      .once('close', () => {
        if (!req.readableEnded) refuse(problem(400, 'validation', 'The request ended before its body did.'));
      });
  });
