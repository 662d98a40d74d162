/** Every machine name an error may carry as `reason`. Stable: clients program against them. */
export const REASONS = [
  // what the caller sent
  'validation',
  'malformed_json',
  'unsupported_media_type',
  'body_too_large',
  'unknown_route',
  'method_not_allowed',
  'idempotency_key_reused',
  'not_found',
  'already_exists',
  'already_done',
  'in_use',
  'fixed',
  // who the caller is
  'unauthenticated',
  'token_expired',
  'bad_credentials',
  'forbidden',
  'restricted',
  'address_denied',
  'locks_out',
  'too_many_requests',
  'too_many_attempts',
  'confirmation_required',
  // procedures in steps
  'wizard_not_found',
  'wizard_disabled',
  'wrong_step',
  'invalid_code',
  'code_expired',
  'resend_too_early',
  'challenge_not_found',
  'qr_expired',
  // money
  'insufficient_funds',
  'amount_too_small',
  'amount_too_big',
  'limit_exceeded',
  'currency_mismatch',
  'too_many_decimals',
  'operation_key_reused',
  'hold_settled',
  'same_account',
  'rate_unavailable',
  'address_not_whitelisted',
  'confirmation_required',
  // deciding
  'not_waiting',
  'not_ready',
  'another_run',
  'own_request',
  'decided_already',
  // providers
  'provider_refused',
  'provider_unavailable',
  'provider_rate_limited',
  'provider_misconfigured',
  'provider_outcome_unknown',
  'provider_garbage',
  'unsupported',
  'bad_signature',
  'stale',
  // ourselves
  'unavailable',
  'internal',
] as const;

export type Reason = (typeof REASONS)[number];

/** What stands in the way of something `restricted`, for an app that shows the way around it. Stable. */
export const OBSTACLES = [
  /** The client is banned, or his profile is not open. */
  'client_status',
  /** Verify for a higher level. */
  'verification_level',
  /** A password, a second factor, an e-mail or a phone was changed a moment ago. */
  'recent_change',
  /** The broker does not allow it to this client. */
  'broker',
  /** The account is being opened or put away. */
  'account_status',
  /** The account is not for this. */
  'account_rights',
  /** Play money, and money. */
  'play_money',
  /** The method, product or platform. */
  'switched_off',
  /** As many accounts of this kind as one may have. */
  'enough_accounts',
] as const;

export type Obstacle = (typeof OBSTACLES)[number];
