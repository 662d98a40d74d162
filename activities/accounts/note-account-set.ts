import { inTransaction, type Queryable } from '../../db/pool.ts';
import { type AccountChange, loadAccountChange, openPassword } from '../../db/repositories/account-changes.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { type ChangeStep, isOver } from '../../domain/account-change.ts';
import type { Activity, Tools } from '../kit/activity.ts';
import { queueMessage, startMessages } from '../messaging/queue-message.ts';

/** The platform confirmed one step of a change: the account mirrors it. Harmless to repeat. */
export const noteAccountSet: Activity<{ changeId: number; step: ChangeStep }, void> = async (
  { changeId, step },
  tools,
) => {
  const { pool, run } = tools;
  const messages = await inTransaction(pool, async (db) => {
    const change = await loadAccountChange(db, changeId, true);
    const { accountId, wanted, state } = change;
    if (isOver(state)) return []; // the account may be as a later change wanted
    const { rows } = await db.query<{ before: unknown }>(
      `select case $2 when 'group' then to_jsonb(platform_group) when 'leverage' then to_jsonb(leverage) when 'access' then to_jsonb(access)
                      when 'archived' then to_jsonb(archive_time is not null) end as before from account where account_id = $1`,
      [accountId, step],
    );
    const { before } = rows[0]!;
    await mirror(db, change, step);
    // Of a password nothing is kept that could be compared.
    if (step === 'password' || before !== wanted[step])
      await recordAudit(db, {
        actor: 'workflow',
        action: 'account.changed',
        object: `account:${accountId}`,
        before: { [step]: before },
        after: { [step]: wanted[step], changeId },
        ...run,
      });
    return step === 'password' && change.tellClient ? tell(db, tools, change) : [];
  });
  await startMessages(tools.steer, messages);
};

const SET: Partial<Record<ChangeStep, string>> = {
  group: `platform_group = $2::jsonb ->> 'group'`,
  leverage: `leverage = ($2::jsonb ->> 'leverage')::integer`,
  access: `access = $2::jsonb ->> 'access'`,
  archived: `status = case when ($2::jsonb ->> 'archived')::boolean then 'archived' else 'active' end,
             archive_time = case when ($2::jsonb ->> 'archived')::boolean then coalesce(archive_time, now()) end`,
};

const mirror = async (db: Queryable, { accountId, wanted }: AccountChange, step: ChangeStep): Promise<void> => {
  const set = SET[step];
  if (set)
    await db.query(`update account set ${set}, update_time = now() where account_id = $1`, [
      accountId,
      JSON.stringify(wanted),
    ]);
};

/** The one time a client reads a password that he did not choose himself. */
const tell = async (db: Queryable, { ring }: Pick<Tools, 'ring'>, change: AccountChange): Promise<number[]> => {
  if (!change.sealed) return []; // it was told already
  const { changeId, clientId, login, platform, sealed } = change;
  const parameters = { account: login, platform, password: openPassword(ring, sealed) };
  return queueMessage(db, ring, {
    to: { clientId },
    template: 'TradingPassword',
    parameters,
    key: `TradingPassword:${changeId}`,
  });
};
