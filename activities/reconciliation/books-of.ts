import type { Provider } from '../../adapters/kit/manifest.ts';

/** What a provider shows of its books: a list of all movements, or what each trading account holds. Null: nothing that could be compared. */
export type Books = 'movements' | 'accounts';

export const booksOf = (provider: Provider): Books | null => {
  if (provider.category === 'payments') return provider.adapter.listMovements ? 'movements' : null;
  if (provider.category === 'trading') return provider.adapter.listBalanceOperations ? 'accounts' : null;
  return null;
};
