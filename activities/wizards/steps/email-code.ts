import { z } from 'zod';
import { checkCode, CodeAsked, codeForm, type CodeSettings, sendCodeAgain, sendFirstCode } from '../codes.ts';
import { recipientOf } from '../recipients.ts';
import { stoodIn } from '../recovery-code.ts';
import { defineStep } from '../step.ts';

/** Six digits, which apps show as 493 027, or a recovery code in their place: 7k2m-9xqp-0r4t-c8wz. */
export const codeSent = z.strictObject({
  code: z
    .string()
    .trim()
    .regex(/^([0-9]{3} ?[0-9]{3}|[0-9a-z]{4}([ -]?[0-9a-z]{4}){3})$/i, 'must be six digits')
    .transform((code) => code.replace(/^([0-9]{3}) ([0-9]{3})$/, '$1$2')),
});

export const codeSettings = {
  template: z.string().regex(/^[A-Za-z]\w{0,63}$/, 'must be the name of a message type'),
  lifetimeSeconds: z.int().min(30).max(86_400).default(600),
  resendAfterSeconds: z.int().min(0).max(3_600).default(60),
};

const STAGES = ['confirm_email', '2fa_email'] as const;
const Settings = z.strictObject({
  ...codeSettings,
  stage: z.enum(STAGES).default('confirm_email'),
});

/** Six digits by e-mail. */
export const emailCode = defineStep<CodeSettings & { stage: string }, { code: string }>({
  kind: 'email-code',
  settings: Settings,
  takes: ['email'],
  workflow: ({ stage }) => stage,
  workflows: STAGES,
  asks: CodeAsked,
  begin: async (work) => sendFirstCode(work, await recipientOf(work, 'email')),
  again: async (work) => sendCodeAgain(work, await recipientOf(work, 'email')),
  form: async (asked) => codeForm(asked, await recipientOf(asked, 'email')),
  sent: codeSent,
  check: async (asked, { code }) => {
    if (await stoodIn(asked, code)) return {};
    await checkCode(asked, code);
    return { facts: { emailConfirmed: true } };
  },
});
