import { z } from 'zod';
import type { Queryable } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { phonesOf, savePhone } from '../../../db/repositories/client-phones.ts';
import {
  type Factor,
  FACTOR_CAPTIONS,
  FACTORS,
  factorsOf,
  noteFactorChange,
  saveTotp,
  switchFactorOff,
  switchFactorOn,
  TOTP_PURPOSE,
} from '../../../db/repositories/factors.ts';
import { noteProfileChanges } from '../../../db/repositories/profile-changes.ts';
import { issueRecoveryCodes, recoveryCodesLeft } from '../../../db/repositories/recovery-codes.ts';
import { WIZARD_PURPOSE, type WizardRun } from '../../../db/repositories/wizards.ts';
import { HubFailure } from '../../../domain/failures.ts';
import { assertMayBeMain, assertPhoneFree } from '../../clients/kinds/phone.ts';
import { queueMessage } from '../../messaging/queue-message.ts';
import { phoneTypeOf } from '../phone-numbers.ts';
import { assertStillReached } from '../still-reached.ts';
import { defineStep, type Work } from '../step.ts';

interface Draft {
  ip: string;
  totpSecret?: string;
  totpStep?: number;
  newPhone?: string;
}

/** Does what the run was opened for: switches a second factor on or off, or gives a new set of recovery codes. Whoever owns it is told. */
export const switchFactor = defineStep<Record<string, never>>({
  kind: 'switch-factor',
  types: ['twoFactorChange'],
  settings: z.strictObject({}),
  takes: ['client'],
  apply: async (work) => {
    const { db, run } = work;
    const { change, type } = run.facts;
    const { rows } = await db.query<{ status: string }>(`select status from client where client_id = $1 for update`, [
      run.clientId,
    ]);
    if (rows[0]?.status !== 'active') throw refused('Your profile is not active.');
    if (change === 'codes') await renewCodes(work);
    else
      await switchTo(
        work,
        FACTORS.find((one) => one === type)!,
        change === 'disable' ? 'disabled' : 'enabled',
      );
    return {};
  },
});

const refused = (why: string) => new HubFailure('Rejected', 'restricted', why);

const switchTo = async (work: Work<unknown>, type: Factor, action: 'enabled' | 'disabled'): Promise<void> => {
  const { db, run, by, draft } = work;
  const clientId = run.clientId!;
  const said = (await draft()) as unknown as Draft;
  if (!(await noteFactorChange(db, { clientId, type, action, runId: run.id, ip: said.ip }))) return;
  await assertStillReached(work);
  const on = await factorsOf(db, clientId);
  // Whoever began without a second factor does not end beside another one that came meanwhile.
  if (run.facts['factor'] === 'none' && on.some((one) => one !== type))
    throw refused('Your second factors have changed meanwhile. Start again.');
  const isNew = await (action === 'enabled' ? switchFactorOn : switchFactorOff)(db, clientId, type);
  if (!isNew)
    throw new HubFailure('Rejected', 'already_done', `${FACTOR_CAPTIONS[type]} is ${action} already.`, {
      field: 'type',
    });
  if (action === 'enabled') {
    await keepWhatItNeeds(work, type, said);
    if ((await recoveryCodesLeft(db, clientId)) === null) await giveCodes(work);
  }
  await recordAudit(db, {
    actor: `client:${clientId}`,
    action: action === 'enabled' ? 'clients.2fa-on' : 'clients.2fa-off',
    object: `client:${clientId}`,
    after: { type },
    ...by,
  });
  await tell(work, action === 'enabled' ? 'factorEnabled' : 'factorDisabled', { factor: FACTOR_CAPTIONS[type] });
};

const keepWhatItNeeds = async ({ db, ring, run }: Work<unknown>, type: Factor, said: Draft): Promise<void> => {
  if (type === 'google') {
    const secret = Buffer.from(said.totpSecret!, 'base64');
    await saveTotp(db, run.clientId!, ring.seal(secret, TOTP_PURPOSE), said.totpStep!);
  }
  if (type === 'sms') await keepPhone(db, run, said.newPhone!);
};

const keepPhone = async (db: Queryable, run: WizardRun, number: string): Promise<void> => {
  const clientId = run.clientId!;
  await assertPhoneFree(db, number, clientId, 'phone');
  await assertMayBeMain(db, clientId, number);
  const [main] = await phonesOf(db, clientId);
  // Begun with the phone on record, or without a confirmed one: codes go nowhere but where they go now.
  const isStillIt = main?.confirmed ? main.number === number : run.facts['phone'] === 'none';
  if (!isStillIt) throw refused('Your phone has changed meanwhile. Start again.');
  await savePhone(db, clientId, { number, type: phoneTypeOf(number), confirmed: true, isDefault: true });
  if (main?.number !== number)
    await noteProfileChanges(db, clientId, [{ type: 'phone', from: main?.number ?? null, to: number }], null);
};

const renewCodes = async (work: Work<unknown>): Promise<void> => {
  const { db, run, by } = work;
  const { rowCount } = await db.query(`select from wizard_outcome where run_id = $1`, [run.id]);
  if (rowCount === 1) return;
  await assertStillReached(work);
  if ((await factorsOf(db, run.clientId!)).length === 0) throw refused('No second factor is switched on.');
  await giveCodes(work);
  const client = `client:${run.clientId}`;
  await recordAudit(db, { actor: client, action: 'clients.recovery-codes', object: client, ...by });
  await tell(work, 'recoveryCodesIssued', {});
};

/** Sealed for the answer of the API, which alone shows them. */
const giveCodes = async ({ db, ring, run }: Work<unknown>): Promise<void> => {
  const recoveryCodes = await issueRecoveryCodes(db, run.clientId!);
  const sealed = ring.seal(Buffer.from(JSON.stringify({ recoveryCodes })), WIZARD_PURPOSE);
  await db.query(`insert into wizard_outcome (run_id, sealed) values ($1, $2)`, [run.id, sealed]);
};

const tell = async (
  { db, ring, run, promised }: Work<unknown>,
  template: string,
  parameters: Record<string, string>,
): Promise<void> => {
  const to = { clientId: run.clientId! };
  promised.push(...(await queueMessage(db, ring, { to, template, parameters, key: `${template}:${run.id}` })));
};
