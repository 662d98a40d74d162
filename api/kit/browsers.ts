import cors from 'cors';
import type { RequestHandler } from 'express';

/** What an answer says besides its body, and browsers keep from scripts of other origins unless told otherwise. */
const READABLE = ['Content-Disposition', 'Idempotent-Replayed', 'Retry-After', 'X-Request-Id'];

/** How long browsers need not ask again what they may send. */
const ASKED_FOR_SECONDS = 600;

/**
 * Lets scripts of these origins call from a browser, and no others; who calls without one never notices. Tokens travel in a header: nothing is sent by the browser
 * by itself, unless `withCookies`.
 */
export const letBrowsersCall = (
  origins: readonly string[],
  { methods = METHODS, withCookies = false } = {},
): RequestHandler => {
  const answer = cors({
    origin: [...origins],
    methods,
    exposedHeaders: READABLE,
    maxAge: ASKED_FOR_SECONDS,
    credentials: withCookies,
  });
  return (req, res, next) => (req.headers.origin === undefined ? next() : answer(req, res, next));
};

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
