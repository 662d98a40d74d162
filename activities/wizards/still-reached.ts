import { recipientMarks } from '../messaging/recipient-marks.ts';
import { changed } from './still-welcome.ts';
import type { At } from './step.ts';

/** Steps whose code goes where the client is reached, not where he wants to be. */
const CHANNELS: Readonly<Record<string, 'email' | 'sms' | undefined>> = { 'email-code': 'email', 'phone-code': 'sms' };

/**
 * For the last step of a run of a signed-in client: throws `restricted` when one of its codes went to an address or phone that is his no more. Whoever
 * changed it because a stranger reads there would else be undone by what that one had begun before. The caller holds the client's row.
 */
export const assertStillReached = async ({
  db,
  ring,
  run,
  plan,
}: Pick<At<unknown>, 'db' | 'ring' | 'run' | 'plan'>): Promise<void> => {
  const { rows } = await db.query<{ step: string; mark: Buffer; email: string; sms: string | null }>(
    `select w.step, w.recipient_mark as mark, c.email, c.phone as sms from wizard_code w join client c on c.client_id = $2 where w.run_id = $1`,
    [run.id, run.clientId],
  );
  for (const { step, mark, ...present } of rows) {
    const channel = CHANNELS[plan.steps.find(({ name }) => name === step)!.kind];
    if (channel && !recipientMarks(ring, channel, present[channel] ?? '').some((one) => one.equals(mark)))
      throw changed();
  }
};
