import type { Step, WizardType } from '../../domain/wizards/grammar.ts';
import type { Queryable } from '../pool.ts';

const english = (label: string) => [{ key: 'label', locale: 'en_US', value: label }];
const field = (name: string, type: string, label: string, ...rules: string[]) => ({
  name,
  type,
  rules,
  texts: english(label),
  ...(type !== 'group' && { options: [], default: null }),
});
const group = (name: string, label: string, multiple: boolean, ...fields: object[]) => ({
  ...field(name, 'group', label, 'required'),
  multiple,
  fields,
});
const step = (name: string, kind: string, settings: object = {}, when: Step['when'] = null): Step => ({
  name,
  kind,
  when,
  settings: settings as Record<string, unknown>,
});
const only = (fact: string, value: string | boolean): Step['when'] => ({ facts: { [fact]: [value] } });
const code = (template: string, stage: string) => ({ template, stage, lifetimeSeconds: 600, resendAfterSeconds: 60 });

/** The code that guards what a signed-in client changes. */
const CONFIRM: readonly Step[] = [
  step('google', 'totp', {}, only('factor', 'google')),
  step('sms', 'phone-code', code('confirmChange', '2fa_sms'), only('factor', 'sms')),
  step('email', 'email-code', code('confirmChange', 'confirm_email'), only('factor', 'email')),
];

const GUARDED: readonly Step[] = CONFIRM.map((one) => ({
  ...one,
  when: { facts: { ...one.when!.facts, guarded: [true] } },
}));

const MAIN_FORM = [
  field('email', 'input', 'E-mail', 'required', 'email:rfc,spoof,strict', 'unique_active_email'),
  field('password', 'passwordButton', 'Password', 'required', 'password_length', 'password_content'),
  field('password_confirmation', 'passwordButton', 'Password once more', 'required', 'same:password'),
  group(
    'info',
    'About you',
    false,
    field('givenName', 'input', 'First name', 'required', 'string', 'min:1', 'max:30', 'info_name'),
    field('familyName', 'input', 'Last name', 'required', 'string', 'min:1', 'max:30', 'info_name'),
    field('birthday', 'date', 'Birthday', 'required', 'date', 'age:18'),
  ),
  group('addresses', 'Address', true, field('country_code', 'select', 'Country', 'required', 'country')),
];

/** One of each type, so that a fresh hub registers and signs in clients. */
export const DEFAULT_WIZARDS: readonly { type: WizardType; name: string; steps: Step[] }[] = [
  {
    type: 'registration',
    name: 'Registration',
    steps: [
      step('main', 'form', { stage: 'basic_register_form', captcha: true, fields: MAIN_FORM }),
      step('email', 'email-code', code('registerConfirm', 'confirm_email')),
      step('client', 'create-client', { typeByCountry: [], typeId: null }),
    ],
  },
  {
    type: 'passwordRecovery',
    name: 'Password recovery',
    steps: [
      step('email', 'email-code', code('restorePassword', 'confirm_email')),
      step('second-factor', 'totp', {}, only('factor', 'google')),
      step('password', 'new-password'),
      step('set', 'set-password'),
    ],
  },
  {
    type: 'passwordChange',
    name: 'Password change',
    steps: [...CONFIRM, step('password', 'new-password'), step('set', 'set-password')],
  },
  {
    type: 'twoFactorChange',
    name: '2FA change',
    steps: [
      ...CONFIRM,
      step('key', 'totp-key', {}, { facts: { change: ['enable'], type: ['google'] } }),
      step('phone', 'phone-number', {}, { facts: { change: ['enable'], type: ['sms'], phone: ['none'] } }),
      step('new-sms', 'phone-code', code('confirmChange', '2fa_sms'), { facts: { change: ['enable'], type: ['sms'] } }),
      step('new-email', 'email-code', code('confirmChange', '2fa_email'), {
        facts: { change: ['enable'], type: ['email'] },
      }),
      step('switch', 'switch-factor'),
    ],
  },
  {
    type: 'authorization',
    name: 'Sign-in',
    steps: [
      step('login', 'login'),
      step('choose', 'choose-factor', {}, only('factor', 'choose')),
      step('google', 'totp', {}, only('factor', 'google')),
      step('sms', 'phone-code', code('signInCode', '2fa_sms'), only('factor', 'sms')),
      step('email', 'email-code', code('signInCode', '2fa_email'), only('factor', 'email')),
      step('reset', 'ask-reset', {}, only('mustReset', true)),
      step('reset-code', 'email-code', code('restorePassword', 'confirm_email'), only('mustReset', true)),
      step('reset-password', 'new-password', {}, only('mustReset', true)),
      step('set', 'set-password', {}, only('mustReset', true)),
      step('sign-in', 'sign-in'),
    ],
  },
  {
    type: 'clientTypeChange',
    name: 'Client type change',
    steps: [step('type', 'new-client-type'), ...CONFIRM, step('change', 'change-client')],
  },
  {
    type: 'profileChange',
    name: 'Profile change',
    steps: [
      step('profile', 'profile-form'),
      ...CONFIRM,
      step('old-email', 'email-code', code('confirmChange', 'confirm_email'), {
        facts: { emailChange: [true], factor: ['google', 'sms'] },
      }),
      step('new-email', 'new-email-code', code('confirmChange', 'confirm_email'), only('emailChange', true)),
      step('change', 'change-client'),
    ],
  },
  {
    type: 'phoneChange',
    name: 'Phone change',
    steps: [
      step('phone', 'new-phone'),
      ...GUARDED,
      step('new-phone', 'new-phone-code', code('confirmChange', 'confirm_phone')),
      step('change', 'change-client'),
    ],
  },
  {
    type: 'addressChange',
    name: 'Address change',
    steps: [step('address', 'address-form'), ...GUARDED, step('change', 'change-client')],
  },
  {
    type: 'profileDeactivation',
    name: 'Profile deactivation',
    steps: [...CONFIRM, step('change', 'change-client')],
  },
];

/** What is not there yet is added; a type that has a definition has what its operators left it. */
export const seedWizards = async (db: Queryable): Promise<void> => {
  for (const { type, name, steps } of DEFAULT_WIZARDS)
    await db.query(
      `with made as (insert into wizard_definition (type, name, is_default, steps) select $1, $2, true, $3::jsonb
                      where not exists (select from wizard_definition where type = $1) returning *)
       insert into wizard_version (definition_id, version, steps, lifetime_seconds, tries) select id, version, steps, lifetime_seconds, tries from made`,
      [type, name, JSON.stringify(steps)],
    );
};
