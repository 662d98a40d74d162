import { z } from 'zod';
import { HubFailure, WrongFields } from '../../domain/failures.ts';
import type { Asked } from './step.ts';

/** The enabled captcha connection; null: nobody is asked whether he is a person. */
const captchaConnection = async <S>({
  pool,
  provider,
}: Pick<Asked<S>, 'pool' | 'provider'>): Promise<number | null> => {
  const { rows } = await pool.query<{ id: number; provider: string }>(
    `select id, provider from connection where enabled order by id`,
  );
  const isCaptcha = (id: string): boolean => {
    try {
      return provider(id).category === 'captcha';
    } catch {
      return false; // its adapter is not installed here
    }
  };
  return rows.find((row) => isCaptcha(row.provider))?.id ?? null;
};

/** What a form tells a client app about the captcha. */
export const CaptchaShown = z
  .object({
    enabled: z.boolean(),
    key: z.string().nullable().meta({ description: "The captcha provider's site key, for its widget." }),
  })
  .meta({ id: 'CaptchaShown', description: "`enabled`: the widget's answer is sent as `recaptchaResponse`." });

export const captchaForm = async <S>(
  asked: Pick<Asked<S>, 'pool' | 'provider' | 'open'>,
): Promise<z.input<typeof CaptchaShown>> => {
  const id = await captchaConnection(asked);
  if (id === null) return { enabled: false, key: null };
  const { adapter, ctx } = await asked.open('captcha', id);
  return { enabled: true, key: adapter.widget(ctx.config as never).siteKey };
};

/** Throws when the provider does not take the answer for a person's; also when it cannot be asked, for then nobody knows. `action`: 'login'. */
export const assertHuman = async <S>(asked: Asked<S>, response: unknown, action: string): Promise<void> => {
  const id = await captchaConnection(asked);
  if (id === null) return;
  const field = 'recaptchaResponse';
  if (typeof response !== 'string' || response === '')
    throw new WrongFields([{ field, issue: 'Confirm that you are not a robot.' }]);
  const { adapter, ctx } = await asked.open('captcha', id);
  const verdict = await adapter.check(ctx, { token: response, action, ip: asked.ip });
  if (!verdict.human)
    throw new HubFailure('Rejected', 'validation', 'This was not taken for the answer of a person. Try again.', {
      field,
    });
};
