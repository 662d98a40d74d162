import { z } from 'zod';
import { checkCode, CodeAsked, codeForm, type CodeSettings, sendCodeAgain, sendFirstCode } from '../codes.ts';
import { recipientOf } from '../recipients.ts';
import { stoodIn } from '../recovery-code.ts';
import { defineStep } from '../step.ts';
import { codeSent, codeSettings } from './email-code.ts';

const STAGES = ['confirm_phone', '2fa_sms'] as const;
const Settings = z.strictObject({
  ...codeSettings,
  stage: z.enum(STAGES).default('confirm_phone'),
});

/** Six digits by SMS. */
export const phoneCode = defineStep<CodeSettings & { stage: string }, { code: string }>({
  kind: 'phone-code',
  settings: Settings,
  takes: ['phone'],
  workflow: ({ stage }) => stage,
  workflows: STAGES,
  asks: CodeAsked,
  begin: async (work) => sendFirstCode(work, await recipientOf(work, 'sms')),
  again: async (work) => sendCodeAgain(work, await recipientOf(work, 'sms')),
  form: async (asked) => codeForm(asked, await recipientOf(asked, 'sms')),
  sent: codeSent,
  check: async (asked, { code }) => {
    if (await stoodIn(asked, code)) return {};
    await checkCode(asked, code);
    return { facts: { phoneConfirmed: true } };
  },
});
