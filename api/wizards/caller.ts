import type { Call } from '../kit/procedure.ts';

/** Who goes on with a run, and from where. */
export interface Caller {
  ip: string;
  userAgent: string;
  locale: string;
  clientId: number | null;
  /** His sign-in. */
  family: string | null;
}

export const callerOf = ({ ip, req, actor }: Pick<Call, 'ip' | 'req' | 'actor'>): Caller => ({
  ip,
  userAgent: (req.headers['user-agent'] ?? '').slice(0, 500),
  locale: localeIn(req.headers['accept-language']),
  clientId: actor?.kind === 'client' ? actor.id : null,
  family: actor?.kind === 'client' ? actor.family : null,
});

const localeIn = (header: string | undefined): string => {
  const [, language, country] = /^\s*([a-zA-Z]{2})(?:[-_]([a-zA-Z]{2}))?\b/.exec(header ?? '') ?? [];
  if (language === undefined) return 'en_US';
  return `${language.toLowerCase()}_${(country ?? (language.toLowerCase() === 'en' ? 'US' : language)).toUpperCase()}`;
};
