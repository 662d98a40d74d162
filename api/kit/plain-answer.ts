import { STATUS_CODES } from 'node:http';
import { errorBody, type Problem } from './errors.ts';

/** An answer on a socket that Express has nothing to do with: Node gave up on the request before it was one, or it was to become something else. */
export const plainAnswer = (why: Problem): string => {
  const body = JSON.stringify(errorBody(why, 'none'));
  return [
    `HTTP/1.1 ${why.status} ${STATUS_CODES[why.status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
};
