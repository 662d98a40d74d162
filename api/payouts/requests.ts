import { z } from 'zod';
import type { PaymentRequest } from '../../activities/intake/new-order.ts';
import { loadAccountFacts } from '../../db/repositories/orders.ts';
import { loadTemplate, type PayoutTemplate } from '../../db/repositories/payout-templates.ts';
import { WrongFields } from '../../domain/failures.ts';
import { notFound } from '../kit/errors.ts';
import { amountInput, freeForm, id } from '../kit/shapes.ts';
import type { MoneyHub } from '../money/hub.ts';

/** What a client says of a payout; what he leaves away comes from his template, where he names one. */
export const payoutFields = {
  patternId: id().optional().meta({
    description:
      'A template of his; what is sent beside it counts instead of its own. Its amount is for its own account, its data for its own method and currency.',
  }),
  accountId: id().optional(),
  methodId: id().optional(),
  amount: amountInput('number').optional().meta({ description: "In the account's currency." }),
  currencyCode: id().optional().meta({
    description: "Numeric code of what is paid out: the account's currency, or another one that the method pays.",
  }),
  data: freeForm().optional().meta({ description: "Values of the method's fields, by their id." }),
};
const Said = z.object(payoutFields);

/** The payout as asked for, its template filled in. 400 names each field that is missing, 404 the template. */
export const payoutRequest = async (
  hub: MoneyHub,
  clientId: number,
  { patternId, ...said }: z.output<typeof Said>,
): Promise<PaymentRequest> => {
  const template =
    patternId === undefined ? null : await loadTemplate(hub.pool, hub.tools().ring, { id: patternId, clientId });
  if (patternId !== undefined && !template) throw notFound('template', 'patternId');
  const accountId = said.accountId ?? template?.accountId ?? undefined;
  const methodId = said.methodId ?? template?.methodId;
  const currencyCode = said.currencyCode ?? template?.currencyCode;
  const amount = said.amount ?? (template && (await amountOf(hub, clientId, template, accountId))) ?? undefined;
  const goesThere = template?.methodId === methodId && template?.currencyCode === currencyCode;
  const data = said.data ?? (goesThere ? template?.data : undefined);
  const needed = { accountId, methodId, amount, currencyCode, ...(template && { data }) };
  const missing = Object.entries(needed).filter(([, value]) => value === undefined);
  if (missing.length > 0) throw new WrongFields(missing.map(([field]) => ({ field, issue: `${field} is required.` })));
  return {
    accountId: accountId!,
    methodId: methodId!,
    amount: amount!,
    currencyCode,
    data: data ?? {},
  };
};

/** An amount is in the currency of its account, without one in the template's: with an account of another currency it says nothing. */
const amountOf = async (
  { pool }: MoneyHub,
  clientId: number,
  template: PayoutTemplate,
  accountId: number | undefined,
): Promise<PayoutTemplate['amount']> => {
  if (template.accountId === accountId) return template.amount;
  if (template.accountId !== null || accountId === undefined) return null;
  const account = await loadAccountFacts(pool, accountId);
  return account?.clientId === clientId && account.currency === template.currencyCode ? template.amount : null;
};
