import type { KeyRing } from '../../config/key-ring.ts';
import type { Amount } from '../../domain/money.ts';
import type { Queryable } from '../pool.ts';

/** What a template's sealed destination is bound to. */
export const TEMPLATE_PURPOSE = 'payout-template';

/** A payout a client makes again and again. `data`: the values of its method's fields, by their id. */
export interface PayoutTemplate {
  name: string;
  accountId: number | null;
  methodId: number;
  currencyCode: number;
  amount: Amount | null;
  data: Record<string, string>;
}

export const sealData = (ring: KeyRing, data: PayoutTemplate['data']): Buffer =>
  ring.seal(Buffer.from(JSON.stringify(data)), TEMPLATE_PURPOSE);

export const openData = (ring: KeyRing, sealed: Uint8Array): PayoutTemplate['data'] =>
  JSON.parse(ring.open(sealed, TEMPLATE_PURPOSE).toString()) as PayoutTemplate['data'];

/** Null when the client has none of this number. */
export const loadTemplate = async (
  db: Queryable,
  ring: KeyRing,
  { id, clientId }: { id: number; clientId: number },
  lock = false,
): Promise<PayoutTemplate | null> => {
  const { rows } = await db.query<Omit<PayoutTemplate, 'data'> & { sealed: Buffer }>(
    `select name, account_id as "accountId", method_id as "methodId", currency as "currencyCode", trim_scale(amount)::text as amount, sealed
       from payout_template where id = $1 and client_id = $2 ${lock ? 'for update' : ''}`,
    [id, clientId],
  );
  if (!rows[0]) return null;
  const { sealed, ...template } = rows[0];
  return { ...template, data: openData(ring, sealed) };
};
