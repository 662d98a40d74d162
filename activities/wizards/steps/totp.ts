import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { closeTotpSteps, loadTotp, TOTP_PURPOSE, useTotpStep } from '../../../db/repositories/factors.ts';
import { countTry, forgiveTries, refuseCode } from '../codes.ts';
import { stoodIn } from '../recovery-code.ts';
import { changed } from '../still-welcome.ts';
import { type At, defineStep } from '../step.ts';
import { totpStepAt, totpStepOf } from '../totp.ts';
import { codeSent } from './email-code.ts';

/** Nothing is sent; its tries are counted like those of a sent code. */
export const beginTries = async ({ db, run, step, plan }: At<unknown>): Promise<void> => {
  await db.query(
    `insert into wizard_code (run_id, step, hash, recipient_mark, tries_left, expires_at)
     values ($1, $2, $3, '', $4, now() + make_interval(secs => $5)) on conflict do nothing`,
    [run.id, step.name, randomBytes(32), plan.tries, plan.lifetimeSeconds],
  );
};

/** An app shows one code for half a minute, whatever it is typed for: one that may have been meant for what was replaced counts no more. */
const beginTriesAnew = async (at: At<unknown>): Promise<void> => {
  const { db, run, step, plan } = at;
  await beginTries(at);
  await db.query(
    `update wizard_code set expires_at = now() + make_interval(secs => $3) where run_id = $1 and step = $2`,
    [run.id, step.name, plan.lifetimeSeconds],
  );
  if (run.clientId !== null) await closeTotpSteps(db, run.clientId, totpStepAt(Date.now()));
};

/** The code of an authenticator app. One that was taken is taken again only for the same step of the same run: its answer may have been lost. */
export const totp = defineStep<Record<string, never>, { code: string }>({
  kind: 'totp',
  settings: z.strictObject({}),
  takes: ['client', 'app'],
  workflow: () => '2fa_google',
  asks: z
    .null()
    .meta({ description: 'Send `{uuid, code}`: the six digits that the authenticator app shows, or a recovery code.' }),
  begin: beginTries,
  anew: beginTriesAnew,
  sent: codeSent,
  check: async (asked, { code }) => {
    if (await stoodIn(asked, code)) return {};
    const { db, ring, run, step: at } = asked;
    const by = { runId: run.id, wizardStep: at.name };
    const known = run.clientId === null ? undefined : await loadTotp(db, run.clientId);
    // It was switched off meanwhile: whoever tries on hears only that his codes are wrong.
    if (run.clientId !== null && !known) throw changed();
    await countTry(asked);
    const step = known ? totpStepOf(ring.open(known.sealed, TOTP_PURPOSE), code, Date.now()) : null;
    if (step === null || !(await useTotpStep(db, run.clientId!, step, by))) await refuseCode(asked);
    await forgiveTries(asked);
    return {};
  },
});
