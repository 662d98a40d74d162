import type { z } from 'zod';
import type { Step, WizardType } from '../../domain/wizards/grammar.ts';
import type { StepRule } from '../../domain/wizards/definition.ts';
import { beginsWithEffect, isSilent, type StepModule } from './step.ts';
import { addressForm } from './steps/address-form.ts';
import { askReset } from './steps/ask-reset.ts';
import { captcha } from './steps/captcha.ts';
import { changeClient } from './steps/change-client.ts';
import { chooseFactor } from './steps/choose-factor.ts';
import { clientType } from './steps/client-type.ts';
import { createClient } from './steps/create-client.ts';
import { emailCode } from './steps/email-code.ts';
import { form } from './steps/form.ts';
import { login } from './steps/login.ts';
import { newClientType } from './steps/new-client-type.ts';
import { newEmailCode, newPhoneCode } from './steps/new-contact-codes.ts';
import { newPassword } from './steps/new-password.ts';
import { newPhone } from './steps/new-phone.ts';
import { phoneCode } from './steps/phone-code.ts';
import { phoneNumber } from './steps/phone-number.ts';
import { profileForm } from './steps/profile-form.ts';
import { setPassword } from './steps/set-password.ts';
import { signIn } from './steps/sign-in.ts';
import { switchFactor } from './steps/switch-factor.ts';
import { totp } from './steps/totp.ts';
import { accountPassword } from './steps/account-password.ts';
import { addressChoice } from './steps/address-choice.ts';
import { allowAnyAddress } from './steps/allow-any-address.ts';
import { changeAccountPassword } from './steps/change-account-password.ts';
import { listAddress } from './steps/list-address.ts';
import { payoutAddressForm } from './steps/payout-address-form.ts';
import { placePayout } from './steps/place-payout.ts';
import { unlistAddress } from './steps/unlist-address.ts';
import { whitelistOff } from './steps/whitelist-off.ts';
import { withdrawalForm } from './steps/withdrawal-form.ts';
import { totpKey } from './steps/totp-key.ts';

/** Every kind of step. A new one is its file and a line here. */
const ALL: readonly StepModule[] = [
  addressForm,
  askReset,
  captcha,
  changeClient,
  chooseFactor,
  clientType,
  createClient,
  emailCode,
  form,
  login,
  newClientType,
  newEmailCode,
  newPassword,
  newPhone,
  newPhoneCode,
  phoneCode,
  phoneNumber,
  profileForm,
  setPassword,
  signIn,
  switchFactor,
  totp,
  accountPassword,
  addressChoice,
  allowAnyAddress,
  changeAccountPassword,
  listAddress,
  payoutAddressForm,
  placePayout,
  unlistAddress,
  whitelistOff,
  withdrawalForm,
  totpKey,
];

const BY_KIND: ReadonlyMap<string, StepModule> = new Map(ALL.map((one) => [one.kind, one]));

/** What may be asked in wizards of a type: what `data` is like at which steps. */
export const asksOf = (type: WizardType): { asks: z.ZodType; workflows: readonly string[] }[] =>
  ALL.flatMap(({ kind, types, asks, workflow, workflows }) => {
    if (!workflow || !(types?.includes(type) ?? true)) return [];
    // Its answers would fit no schema, and a client who is at it would hear 500.
    if (!asks) throw new Error(`The step ${kind} does not say what it asks.`);
    return [{ asks, workflows: workflows ?? [workflow(undefined)] }];
  });

/** Kinds that ask nothing. */
export const SILENT_KINDS: readonly string[] = ALL.filter(isSilent).map(({ kind }) => kind);

/** Kinds that begin with an effect. */
export const BEGINNING_KINDS: readonly string[] = ALL.filter(beginsWithEffect).map(({ kind }) => kind);

export const findStep = (kind: string): StepModule | undefined => BY_KIND.get(kind);

/** Of a saved definition: its kinds were known when it was saved. */
export const stepModule = (kind: string): StepModule => {
  const found = BY_KIND.get(kind);
  if (!found) throw new Error(`no step is called '${kind}'`);
  return found;
};

/** What a step with these settings means for its neighbours; undefined when there is no such kind. Its settings must have been parsed. */
export const ruleOf = ({ kind, settings }: Step): StepRule | undefined => {
  const found = BY_KIND.get(kind);
  return (
    found && {
      ...(found.types && { types: found.types }),
      takes: found.takes ?? [],
      gives: found.gives?.(settings) ?? [],
      mayGive: (found.mayGive ?? found.gives)?.(settings) ?? [],
      silent: isSilent(found),
      ...(found.body && { body: found.body(settings) }),
    }
  );
};
