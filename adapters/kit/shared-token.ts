import type { AdapterContext } from './context.ts';

export interface Token {
  access: string;
  /** On our clock, milliseconds. */
  expiresAt: number;
}

/** Renewed this long before its end, so that it does not die on the way. */
const EARLY_MS = 30_000;

/** The token of this connection. Many calls at once share one sign-in. `dead`: one that was just refused although its time was not over. */
export const sharedToken = async (
  ctx: Pick<AdapterContext, 'session' | 'now'>,
  signIn: () => Promise<Token>,
  dead?: string,
): Promise<string> => {
  const kept = ctx.session.get('token') as Promise<Token> | undefined;
  const token = await kept;
  if (token && token.access !== dead && token.expiresAt - EARLY_MS > ctx.now()) return token.access;
  if (ctx.session.get('token') !== kept) return sharedToken(ctx, signIn, dead);
  const fresh = signIn();
  ctx.session.set('token', fresh);
  fresh.catch(() => ctx.session.get('token') === fresh && ctx.session.delete('token'));
  return (await fresh).access;
};
