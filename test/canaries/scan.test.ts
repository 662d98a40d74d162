import { describe, expect, it } from '@jest/globals';
import { scan } from './scan.ts';

const canary = { what: 'acme: secret', text: 'sk_live/canary+0001 "x"' };
const found = (text: string) => scan([canary], [{ where: 'a log', text }]);

describe('the search for canaries', () => {
  it.each([
    ['as it is', `{"msg":"signing with ${canary.text}"}`],
    ['in other letters', canary.text.toUpperCase()],
    ['in a query', `GET /?key=${encodeURIComponent(canary.text)}`],
    ['in JSON', JSON.stringify({ config: canary.text })],
    ['in JSON that is a text of JSON', JSON.stringify({ body: JSON.stringify({ config: canary.text }) })],
    ['as hex, as the database shows bytes', `\\x${Buffer.from(`..${canary.text}..`).toString('hex')}`],
    ['as basic authentication', `Basic ${Buffer.from(`u:${canary.text}`).toString('base64')}`],
    ['as base64 one byte further', Buffer.from(`us:${canary.text}!`).toString('base64')],
    ['as base64 two bytes further', Buffer.from(`use:${canary.text}!!`).toString('base64url')],
  ])('finds one %s', (_, text) => {
    expect(found(text)).toEqual([expect.stringMatching(/^acme: secret, .+, in a log: /)]);
  });

  it('does not repeat the secret in its report', () => {
    expect(found(`signing with ${canary.text} now`)[0]).toBe(
      'acme: secret, as it is, in a log: …signing with <HERE> now…',
    );
  });

  it('finds nothing where there is nothing', () => {
    expect(found('signing with sk_live/canary+0002')).toEqual([]);
  });
});
