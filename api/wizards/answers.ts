import type { z } from 'zod';
import type { KeptDevice } from '../../activities/wizards/device.ts';
import { assertStillWelcome } from '../../activities/wizards/still-welcome.ts';
import { inTransaction } from '../../db/pool.ts';
import { noteDevice } from '../../db/repositories/devices.ts';
import { loadDraft, WIZARD_PURPOSE, type WizardRun } from '../../db/repositories/wizards.ts';
import type { TokenPair, Tokens } from '../kit/tokens.ts';
import type { SignedIn } from './answer-shapes.ts';
import { gone } from './refusals.ts';
import { END } from './waiting.ts';
import type { WizardHub } from './wizard-hub.ts';

/** For how long a broken line may ask for its tokens again. */
const AGAIN = `interval '5 minutes'`;

/**
 * The tokens of a run that is done. Made once, here and not in the run: no history holds them. The same step sent again within minutes gets the same
 * tokens; after that the run is over for everybody.
 */
export const tokensOf = async (wizards: WizardHub, tokens: Tokens, run: WizardRun): Promise<TokenPair> => {
  const { db: pool, ring } = wizards;
  return inTransaction(pool, async (db) => {
    const { rows } = await db.query<{ clientId: number | null }>(
      `select client_id as "clientId" from wizard_run where id = $1 and state = 'done' and since > now() - ${AGAIN} for update`,
      [run.id],
    );
    const found = rows[0];
    if (!found || found.clientId === null) throw gone();
    // Only now: a statement that waits for a row sees of others what there was before it waited.
    const made = await db.query<{ sealed: Buffer }>(`select sealed from wizard_outcome where run_id = $1`, [run.id]);
    if (made.rows[0]) return JSON.parse(ring.open(made.rows[0].sealed, WIZARD_PURPOSE).toString()) as TokenPair;
    const draft = await loadDraft(db, ring, run.inputs);
    await assertStillWelcome(db, ring, found.clientId, draft);
    const { device } = draft as { device: KeptDevice };
    const marks = {
      deviceMark: Buffer.from(device.deviceMark, 'base64'),
      agentMark: Buffer.from(device.agentMark, 'base64'),
    };
    const pair = await tokens.openOn(db, { kind: 'client', id: found.clientId }, marks);
    await noteDevice(db, { clientId: found.clientId, ...device, deviceMark: marks.deviceMark });
    await db.query(`insert into wizard_outcome (run_id, sealed) values ($1, $2)`, [
      run.id,
      ring.seal(Buffer.from(JSON.stringify(pair)), WIZARD_PURPOSE),
    ]);
    return pair;
  });
};

/** The last answer of a wizard that signs in. */
export const signedIn = (uuid: string, pair: TokenPair): z.input<typeof SignedIn> => ({
  code: 202,
  data: { ...pair, tfaProviders: [] },
  done: true,
  uuid,
  workflow: END,
});
