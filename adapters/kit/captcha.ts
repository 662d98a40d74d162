import type { AdapterContext } from './context.ts';

export interface CaptchaAnswer {
  /** What the client's browser got from the provider; good for one check. */
  token: string;
  /** The step that asked: 'login', 'registration'. */
  action: string;
  ip?: string;
}

export interface CaptchaVerdict {
  human: boolean;
  /** '0.9', where the provider scores. */
  score?: string;
  /** Why not: their codes ('timeout-or-duplicate'), and ours ('action-mismatch', 'hostname-mismatch', 'score-too-low'). Empty for a yes. */
  reasons: string[];
}

/** The contract of category `captcha`. Throws `Unavailable` when the provider could not be asked: whether to let the client through is not its decision. */
export interface CaptchaAdapter<Config = unknown> {
  check(ctx: AdapterContext<Config>, answer: CaptchaAnswer): Promise<CaptchaVerdict>;
  /** What the client's browser needs; not secret. */
  widget(config: Config): { siteKey: string; script: string };
  testConnection(ctx: AdapterContext<Config>): Promise<void>;
}
