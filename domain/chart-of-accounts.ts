/** Names of ledger accounts. `db/sql/ledger-post.sql` opens the provider's and the house's on first use. */
export const walletCode = (accountId: number): string => `wallet:${accountId}`;
/** What we moved onto a trading account, net: the platform's own profit and loss is not in it, so it may be negative. */
export const tradingCode = (accountId: number): string => `trading:${accountId}`;
/** Negative = the provider owes us. */
export const clearingCode = (connectionId: number, currency: string): string =>
  `provider:${connectionId}:clearing:${currency}`;
/** What the provider charged us. */
export const feesCode = (connectionId: number, currency: string): string => `provider:${connectionId}:fees:${currency}`;
export const incomeCode = (currency: string): string => `house:income:${currency}`;
/** Money that arrived and belongs to nobody yet. */
export const suspenseCode = (currency: string): string => `house:suspense:${currency}`;
/** What the broker holds of a currency because he changed another into it, or it into another. Negative = more was given than taken. */
export const exchangeCode = (currency: string): string => `house:exchange:${currency}`;
