import type { Memory } from '../../db/memory.ts';
import type { Queryable } from '../../db/pool.ts';
import { type ClientRights, loadClientRights } from '../../db/repositories/client-rights.ts';
import {
  type AccountFacts,
  loadAccountFacts,
  loadCurrency,
  loadMethodFacts,
  type MethodFacts,
} from '../../db/repositories/orders.ts';
import type { Currency } from '../../domain/money-order.ts';

/** What an order is checked against. */
export interface OrderFacts {
  account: (accountId: number) => Promise<AccountFacts | null>;
  currency: (numericCode: number) => Promise<Currency | null>;
  method: (methodId: number) => Promise<MethodFacts | null>;
  rights: (clientId: number) => Promise<ClientRights>;
}

/** Read now: what every order that is placed is checked against. */
export const freshFacts = (db: Queryable): OrderFacts => ({
  account: (accountId) => loadAccountFacts(db, accountId),
  currency: (numericCode) => loadCurrency(db, numericCode),
  method: (methodId) => loadMethodFacts(db, methodId),
  rights: (clientId) => loadClientRights(db, clientId),
});

/** As remembered: good enough to say what would happen. */
export const rememberedFacts = (memory: Memory, pool: Queryable): OrderFacts => {
  const { account, currency, method, rights } = freshFacts(pool);
  return {
    account: memory.remember({
      tables: ['account', 'client', 'platform', 'product_currency', 'connection'],
      load: account,
      about: (accountId, facts) => [`account ${accountId}`, ...(facts ? [`client ${facts.clientId}`] : [])],
    }).get,
    currency: memory.remember({ tables: ['currency'], load: currency }).get,
    method: memory.remember({
      tables: ['payment_method', 'payment_method_currency', 'payment_method_commission', 'connection'],
      load: method,
    }).get,
    rights: memory.remember({
      tables: ['client', 'verification_level', 'client_role'],
      load: rights,
      about: (clientId) => [`client ${clientId}`],
    }).get,
  };
};
