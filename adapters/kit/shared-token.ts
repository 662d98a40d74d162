import { hash } from './signing.ts';
import type { AdapterContext } from './context.ts';

export interface Token {
  access: string;
  /** On our clock, milliseconds. */
  expiresAt: number;
}

/** Renewed this long before its end, so that it does not die on the way. */
const EARLY_MS = 30_000;

/**
 * The token of this connection. Many calls at once share one sign-in; other settings do not inherit it. `dead`: one that was just refused although
 * its time was not over.
 */
export const sharedToken = async (
  ctx: Pick<AdapterContext, 'session' | 'now' | 'config'>,
  signIn: () => Promise<Token>,
  dead?: string,
): Promise<string> => {
  const key = `token.${hash('sha256', JSON.stringify(ctx.config))}`;
  const kept = ctx.session.get(key) as Promise<Token> | undefined;
  const token = await kept;
  if (token && token.access !== dead && token.expiresAt - EARLY_MS > ctx.now()) return token.access;
  if (ctx.session.get(key) !== kept) return sharedToken(ctx, signIn, dead);
  const fresh = signIn();
  ctx.session.set(key, fresh);
  fresh.catch(() => ctx.session.get(key) === fresh && ctx.session.delete(key));
  return (await fresh).access;
};
