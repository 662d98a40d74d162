import { z } from 'zod';
import { assertHuman, captchaForm, CaptchaShown } from '../captcha.ts';
import { defineStep } from '../step.ts';

const Asks = z
  .object({ recaptcha: CaptchaShown })
  .meta({ id: 'CaptchaAsked', description: 'Send `{uuid, recaptchaResponse}`.' });

/** Asks the captcha provider, when one is connected: give it the condition `{"facts": {"captcha": [true]}}`. */
export const captcha = defineStep<Record<string, never>, { recaptchaResponse?: string | undefined }>({
  kind: 'captcha',
  types: ['registration'],
  settings: z.strictObject({}),
  workflow: () => 'captcha',
  asks: Asks,
  form: async (asked): Promise<z.input<typeof Asks>> => ({ recaptcha: await captchaForm(asked) }),
  sent: z.strictObject({ recaptchaResponse: z.string().max(8_192).optional() }),
  check: async (asked, { recaptchaResponse }) => {
    await assertHuman(asked, recaptchaResponse, 'registration');
    return {};
  },
});
