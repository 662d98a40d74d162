import type { Facts, Step, WizardType } from './grammar.ts';

/** Steps where a recovery code does for the code that is asked for. */
const STEPS: Partial<Record<WizardType, readonly string[]>> = {
  authorization: ['google', 'sms', 'email'],
  passwordRecovery: ['second-factor'],
  twoFactorChange: ['google', 'sms', 'email'],
};

/** The second factor of a sign-in or a recovery, and of switching a factor off that is lost: never of anything else that is guarded by a code. */
export const takesRecoveryCode = (type: WizardType, { name }: Step, { change }: Facts): boolean =>
  (STEPS[type]?.includes(name) ?? false) && (type !== 'twoFactorChange' || change === 'disable');
