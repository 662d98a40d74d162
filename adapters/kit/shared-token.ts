import type { AdapterContext, HttpAnswer } from './context.ts';
import { hash } from './signing.ts';

export interface Token {
  access: string;
  /** On our clock, milliseconds. */
  expiresAt: number;
}

/** Asks for a fresh token. `old`: the last one, which is over or was refused; some vendors have a way to renew it. */
type SignIn<T extends Token> = (old?: T) => Promise<T>;

type Session = Pick<AdapterContext, 'session' | 'now' | 'config'>;

/** Renewed this long before its end, so that it does not die on the way. */
const EARLY_MS = 30_000;

/**
 * Sends with the token of this connection. A 401 comes before anything is looked at, so one new sign-in and one repeat are right even for a write;
 * nothing else is ever sent twice.
 */
export const withToken = async <T extends Token>(
  ctx: Session,
  signIn: SignIn<T>,
  send: (access: string) => Promise<HttpAnswer>,
): Promise<HttpAnswer> => {
  const access = await sharedToken(ctx, signIn);
  const answer = await send(access);
  return answer.status === 401 ? send(await sharedToken(ctx, signIn, access)) : answer;
};

/** Many calls at once share one sign-in; other settings do not inherit it. `dead`: one that was just refused although its time was not over. */
const sharedToken = async <T extends Token>(ctx: Session, signIn: SignIn<T>, dead?: string): Promise<string> => {
  const key = `token.${hash('sha256', JSON.stringify(ctx.config))}`;
  const kept = ctx.session.get(key) as Promise<T> | undefined;
  const token = await kept;
  if (token && token.access !== dead && token.expiresAt - EARLY_MS > ctx.now()) return token.access;
  if (ctx.session.get(key) !== kept) return sharedToken(ctx, signIn, dead);
  const fresh = signIn(token);
  ctx.session.set(key, fresh);
  fresh.catch(() => ctx.session.get(key) === fresh && ctx.session.delete(key));
  return (await fresh).access;
};
