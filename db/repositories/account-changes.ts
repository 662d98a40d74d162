import type { KeyRing } from '../../config/key-ring.ts';
import type { Access, ChangeState, WantedOfAccount } from '../../domain/account-change.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Queryable } from '../pool.ts';

/** What a sealed password is bound to. */
export const ACCOUNT_PASSWORD_PURPOSE = 'account-password';

export const sealPassword = (ring: KeyRing, password: string): Buffer =>
  ring.seal(Buffer.from(password), ACCOUNT_PASSWORD_PURPOSE);

/** Throws `Config` when its key is not in the ring. */
export const openPassword = (ring: KeyRing, sealed: Uint8Array): string => {
  try {
    return ring.open(sealed, ACCOUNT_PASSWORD_PURPOSE).toString();
  } catch {
    throw new HubFailure('Config', 'internal', 'a password cannot be decrypted: is its key in CONFIG_KEYS?');
  }
};

export interface AccountChange {
  changeId: number;
  accountId: number;
  clientId: number;
  wanted: WantedOfAccount;
  sealed: Buffer | null;
  tellClient: boolean;
  state: ChangeState;
  reason: string | null;
  issue: string | null;
  requestedBy: string;
  /** Which began it. */
  runId: string | null;
  /** At the platform. */
  login: string;
  connectionId: number;
  provider: string;
  platform: string;
  /** As the platform confirmed it last. */
  access: Access;
}

export const loadAccountChange = async (db: Queryable, changeId: number, lock = false): Promise<AccountChange> => {
  const { rows } = await db.query<AccountChange>(
    `select ch.id as "changeId", ch.account_id as "accountId", ch.client_id as "clientId", ch.wanted, ch.sealed, ch.tell_client as "tellClient", ch.state,
            ch.reason, ch.issue, ch.requested_by as "requestedBy", a.account_number as login, p.connection_id as "connectionId", co.provider,
            p.caption as platform, a.access, ch.run_id as "runId"
       from account_change ch join account a on a.account_id = ch.account_id join platform p on p.id = a.platform_id
       join connection co on co.id = p.connection_id where ch.id = $1 ${lock ? 'for no key update of ch, a' : ''}`,
    [changeId],
  );
  if (!rows[0]) throw new HubFailure('NotFound', 'not_found', `there is no account change ${changeId}`);
  return rows[0];
};
