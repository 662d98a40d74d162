import type { CaptchaVerdict } from '../../kit/captcha.ts';
import { fillInTable } from '../../kit/fill-in.ts';
import { listOf, word } from '../../kit/json.ts';
import type { Thing } from '../any/client.ts';

/** Anything else is no human: their new codes must not let robots in. */
const WORDS: Record<string, boolean> = fillInTable(
  'map.ts, WORDS: their verdicts, e.g. { PASSED: true, FAILED: false }',
);

export const verdictOf = (thing: Thing): CaptchaVerdict => ({
  human: WORDS[word(thing['verdict'])] === true,
  reasons: listOf(thing['errors']).map(word),
});
