import { ADDRESSES } from './message-types/addresses.ts';
import { CODES } from './message-types/codes.ts';
import type { DefaultTemplate, DefaultType } from './message-types/default-type.ts';
import { MONEY } from './message-types/money.ts';
import { OPERATORS } from './message-types/operators.ts';
import { PROFILE } from './message-types/profile.ts';
import { SIGN_IN } from './message-types/sign-in.ts';
import { TRADING } from './message-types/trading.ts';
import { VERIFICATION } from './message-types/verification.ts';

/** The messages that every installation knows, and what they say until somebody says it better. Reset brings these texts back. */
export const DEFAULT_TYPES: readonly DefaultType[] = [
  ...CODES,
  ...PROFILE,
  ...ADDRESSES,
  ...SIGN_IN,
  ...TRADING,
  ...MONEY,
  ...VERIFICATION,
  ...OPERATORS,
];

/** key, value, type */
export const DEFAULT_STORAGE = [['signature', 'Your broker', 'string']] as const;

export const defaultTemplate = (type: string, channel: string, locale: string): DefaultTemplate | undefined =>
  DEFAULT_TYPES.find(({ name }) => name === type)?.templates.find(
    (one) => one.channel === channel && one.locale === locale,
  );
