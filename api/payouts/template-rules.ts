import { accountOf, assertFits, assertWallet, currencyOf } from '../../activities/intake/accounts.ts';
import { freshFacts } from '../../activities/intake/facts.ts';
import { methodData } from '../../activities/intake/method-fields.ts';
import { assertListed } from '../../activities/transactions/listed-address.ts';
import { assertMethodTakes } from '../../activities/transactions/restrictions.ts';
import type { Queryable } from '../../db/pool.ts';
import type { PayoutTemplate } from '../../db/repositories/payout-templates.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { ClientActor } from '../kit/access.ts';

/** What a client wants to keep, before it is checked: `data` as it was sent. */
export type TemplateWish = Omit<PayoutTemplate, 'data'> & { data: Record<string, unknown> };

/** A template whose payouts could be ordered now, funds aside: else the reason why not, as the payout itself would say it. */
export const checkedTemplate = async (
  db: Queryable,
  actor: ClientActor,
  wish: TemplateWish,
): Promise<PayoutTemplate> => {
  const facts = freshFacts(db);
  const account = wish.accountId === null ? null : await accountOf(db, actor, wish.accountId, 'accountId', facts);
  if (account) assertWallet(account, 'accountId');
  const currency = await currencyOf(facts, wish.currencyCode);
  const found = await facts.method(wish.methodId);
  const pays = [...(found?.currencies ?? []), ...(found?.paymentCurrencies ?? [])];
  if (!pays.some(({ numericCode }) => numericCode === wish.currencyCode) && found?.direction === 'withdrawal')
    throw new HubFailure('Rejected', 'currency_mismatch', 'The method does not serve this currency.', {
      field: 'currencyCode',
    });
  const method = assertMethodTakes(
    found,
    'withdrawal',
    account?.currency ?? found?.currencies[0]?.numericCode ?? 0,
    null,
  );
  if (wish.amount !== null) assertFits(wish.amount, account ? await currencyOf(facts, account.currency) : currency);
  const data = methodData(method, wish.data);
  await assertListed(db, { clientId: actor.id, currency: wish.currencyCode, fields: method.fields, data });
  const byId = method.fields.flatMap(({ id, name }) => {
    const value = data[name ?? id];
    return value === undefined ? [] : [[id, value]];
  });
  return { ...wish, data: Object.fromEntries(byId) as PayoutTemplate['data'] };
};
