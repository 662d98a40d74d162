import type { Queryable } from '../../db/pool.ts';
import { loadCurrency } from '../../db/repositories/orders.ts';
import { normal } from '../../domain/money.ts';
import type { At } from './step.ts';
import type { AddressDraft } from './steps/payout-address-form.ts';
import type { PayoutDraft } from './steps/withdrawal-form.ts';

/** What the message with a code can say beside it; '' where a procedure has no such thing. */
export interface WhatIsConfirmed {
  /** Type of the wizard: 'withdrawals'. */
  procedure: string;
  amount: string;
  currency: string;
  /** Where money may go by it: an address as it is, a bank account by its ends, else the method. */
  to: string;
}

/**
 * What a code is for. Whoever has a client's device, or his word for a code, can have another payout confirmed than the one he sees: so he reads which one it is
 * where the code comes, not where he types it in.
 */
export const whatIsConfirmed = async <S>({ db, run, draft }: At<S>): Promise<WhatIsConfirmed> => {
  const { payout, address } = (await draft()) as Partial<PayoutDraft & AddressDraft>;
  const what = { procedure: run.type, amount: '', currency: '', to: '' };
  if (run.type === 'withdrawals' && payout) return { ...what, ...(await paidOut(db, payout)) };
  if (run.type === 'whitelistCreation' && address) {
    const currency = (await loadCurrency(db, address.currency))!.alphabeticCode;
    return { ...what, currency, to: withTag(address.walletAddress, address.destinationTag) };
  }
  return what;
};

const paidOut = async (db: Queryable, { accountId, methodId, amount, data = {} }: PayoutDraft['payout']) => {
  const { rows } = await db.query<{ currency: string; method: string }>(
    `select c.alphabetic_code as currency, m.caption as method
       from account a join currency c on c.numeric_code = a.currency, payment_method m where a.account_id = $1 and m.id = $2`,
    [accountId, methodId],
  );
  const { currency, method } = rows[0]!;
  return { amount: normal(amount!), currency, to: destinationIn(data) ?? method };
};

/** By the names of method fields that say where money goes (objects-front-office 2.21). */
const destinationIn = (data: Record<string, unknown>): string | null => {
  const { address, destinationTag, iban } = data as { address?: string; destinationTag?: string; iban?: string };
  if (address) return withTag(address, destinationTag ?? null);
  return iban ? endsOf(iban.replace(/\s/g, '')) : null;
};

const withTag = (address: string, tag: string | null): string => (tag ? `${address} (${tag})` : address);

/** Enough to tell one's own account from another one, too little for who reads over a shoulder. */
const endsOf = (iban: string): string => (iban.length > 8 ? `${iban.slice(0, 4)}…${iban.slice(-4)}` : iban);
