import type { Step, WizardType } from './grammar.ts';

/** What a kind of step means for its neighbours. */
export interface StepRule {
  /** In which wizards it may be used; undefined: in any. */
  types?: readonly WizardType[];
  /** What earlier steps must have given: 'email', 'client'. */
  takes: readonly string[];
  /** Surely; `mayGive`: also where the client says it. */
  gives: readonly string[];
  mayGive: readonly string[];
  /** It asks nothing: it is done and passed. */
  silent: boolean;
  /** Of a form: names it wants, and all that it takes. */
  body?: { wants: readonly string[]; takes: readonly string[] };
}

interface Fixed {
  name: string;
  kind: string;
  when?: Step['when'];
}

/** The code that guards what a signed-in client changes: of the strongest factor he has on (the fact `factor`), else by e-mail. */
const CONFIRM: readonly Fixed[] = [
  { name: 'google', kind: 'totp', when: { facts: { factor: ['google'] } } },
  { name: 'sms', kind: 'phone-code', when: { facts: { factor: ['sms'] } } },
  { name: 'email', kind: 'email-code', when: { facts: { factor: ['email'] } } },
];

/** Only of a client who has something that a stranger could take over: a second factor, or a phone that codes go to (the fact `guarded`). */
const CONFIRM_GUARDED: readonly Fixed[] = CONFIRM.map((step) => ({
  ...step,
  when: { facts: { ...step.when!.facts, guarded: [true] } },
}));

/** Steps a wizard of a type must have, under these conditions and in this order; others may stand between them, never after the last. */
const FIXED: Record<WizardType, readonly Fixed[]> = {
  registration: [
    { name: 'main', kind: 'form' },
    { name: 'client', kind: 'create-client' },
  ],
  passwordRecovery: [
    { name: 'email', kind: 'email-code' },
    { name: 'second-factor', kind: 'totp', when: { facts: { factor: ['google'] } } },
    { name: 'password', kind: 'new-password' },
    { name: 'set', kind: 'set-password' },
  ],
  passwordChange: [...CONFIRM, { name: 'password', kind: 'new-password' }, { name: 'set', kind: 'set-password' }],
  twoFactorChange: [
    ...CONFIRM,
    { name: 'key', kind: 'totp-key', when: { facts: { change: ['enable'], type: ['google'] } } },
    { name: 'phone', kind: 'phone-number', when: { facts: { change: ['enable'], type: ['sms'], phone: ['none'] } } },
    { name: 'new-sms', kind: 'new-phone-code', when: { facts: { change: ['enable'], type: ['sms'] } } },
    { name: 'new-email', kind: 'email-code', when: { facts: { change: ['enable'], type: ['email'] } } },
    { name: 'switch', kind: 'switch-factor' },
  ],
  authorization: [
    { name: 'login', kind: 'login' },
    { name: 'choose', kind: 'choose-factor', when: { facts: { factor: ['choose'] } } },
    { name: 'google', kind: 'totp', when: { facts: { factor: ['google'] } } },
    { name: 'sms', kind: 'phone-code', when: { facts: { factor: ['sms'] } } },
    { name: 'email', kind: 'email-code', when: { facts: { factor: ['email'] } } },
    { name: 'reset', kind: 'ask-reset', when: { facts: { mustReset: [true] } } },
    { name: 'reset-code', kind: 'email-code', when: { facts: { mustReset: [true] } } },
    { name: 'reset-password', kind: 'new-password', when: { facts: { mustReset: [true] } } },
    { name: 'set', kind: 'set-password', when: { facts: { mustReset: [true] } } },
    { name: 'sign-in', kind: 'sign-in' },
  ],
  // Without a code (`factor` none) where the broker wants none.
  withdrawals: [{ name: 'form', kind: 'withdrawal-form' }, ...CONFIRM, { name: 'payout', kind: 'place-payout' }],
  whitelistCreation: [
    { name: 'form', kind: 'payout-address-form' },
    ...CONFIRM,
    { name: 'list', kind: 'list-address' },
  ],
  whitelistDelete: [{ name: 'form', kind: 'address-choice' }, ...CONFIRM, { name: 'unlist', kind: 'unlist-address' }],
  whitelistChange: [{ name: 'form', kind: 'whitelist-off' }, ...CONFIRM, { name: 'off', kind: 'allow-any-address' }],
  accountPassword: [
    ...CONFIRM,
    { name: 'password', kind: 'account-password' },
    { name: 'change', kind: 'change-account-password' },
  ],
  clientTypeChange: [{ name: 'type', kind: 'new-client-type' }, ...CONFIRM, { name: 'change', kind: 'change-client' }],
  profileChange: [
    { name: 'profile', kind: 'profile-form' },
    ...CONFIRM,
    // Another e-mail takes a code from the present one, whatever else guards the client, and one from the new one.
    { name: 'old-email', kind: 'email-code', when: { facts: { emailChange: [true], factor: ['google', 'sms'] } } },
    { name: 'new-email', kind: 'new-email-code', when: { facts: { emailChange: [true] } } },
    { name: 'change', kind: 'change-client' },
  ],
  phoneChange: [
    { name: 'phone', kind: 'new-phone' },
    ...CONFIRM_GUARDED,
    { name: 'new-phone', kind: 'new-phone-code' },
    { name: 'change', kind: 'change-client' },
  ],
  addressChange: [
    { name: 'address', kind: 'address-form' },
    ...CONFIRM_GUARDED,
    { name: 'change', kind: 'change-client' },
  ],
  profileDeactivation: [...CONFIRM, { name: 'change', kind: 'change-client' }],
};

/** Types with one method for all steps, which therefore serves forms of the broker's own. */
const OPEN_TYPES: readonly WizardType[] = ['registration', 'clientTypeChange'];

/** Of a client who is signed in. */
const SIGNED_IN = ['client', 'email'];

/** What not every client has: only steps that are fixed ask for it, by a condition on the wizard's own facts. */
const OF_SOME: readonly string[] = ['phone', 'app'];

/** Known before the first step. */
const GIVEN: Record<WizardType, readonly string[]> = {
  registration: [],
  passwordRecovery: ['client', 'email'],
  passwordChange: SIGNED_IN,
  twoFactorChange: SIGNED_IN,
  authorization: [],
  withdrawals: SIGNED_IN,
  whitelistCreation: SIGNED_IN,
  whitelistDelete: SIGNED_IN,
  whitelistChange: SIGNED_IN,
  accountPassword: SIGNED_IN,
  clientTypeChange: SIGNED_IN,
  profileChange: SIGNED_IN,
  phoneChange: SIGNED_IN,
  addressChange: SIGNED_IN,
  profileDeactivation: SIGNED_IN,
};

export interface Mistake {
  /** Index of the step that is wrong; null: something is missing. */
  step: number | null;
  issue: string;
}

/** What is wrong with the steps of a definition, so that every run can reach its end. `ruleOf` knows a kind's rule; undefined = no such kind. */
export const mistakesIn = (
  type: WizardType,
  steps: readonly Step[],
  ruleOf: (step: Step) => StepRule | undefined,
): Mistake[] => {
  const mistakes: Mistake[] = [];
  const given = new Set<string>(GIVEN[type]);
  const names = new Set<string>();
  let silent: string | null = null;
  for (const [at, step] of steps.entries()) {
    const say = (issue: string) => mistakes.push({ step: at, issue });
    const rule = ruleOf(step);
    if (names.has(step.name)) say(`the name '${step.name}' is used twice`);
    names.add(step.name);
    if (!rule) {
      say(`there is no step '${step.kind}'`);
      continue;
    }
    if (rule.types && !rule.types.includes(type)) say(`'${step.kind}' is no step of this type of wizard`);
    if (!OPEN_TYPES.includes(type) && !isFixed(type, step)) say(`no method serves a step called '${step.name}' here`);
    const twin = steps.slice(0, at).find((other) => canMeet(other, step) && sameBodyFits(ruleOf(other), rule));
    if (twin)
      say(`what is sent for '${twin.name}' would do for '${step.name}' as well: give one of them a field of its own`);
    for (const issue of isFixed(type, step) ? [] : givenAnew(type, step, rule, steps.slice(0, at), ruleOf)) say(issue);
    if (!rule.silent && silent) say(`cannot ask anything after '${silent}', which has its effect already`);
    if (rule.silent) silent = step.name;
    const missing = rule.takes.filter((what) => !given.has(what) && !(isFixed(type, step) && OF_SOME.includes(what)));
    if (missing.length > 0) say(`needs ${missing.join(', ')}, which no step before it surely gives`);
    // What a client may pass by is not surely given; a fixed step goes by the wizard's own facts. Codes of a client go to what he has, whatever a form says.
    const isSure = isFixed(type, step) || (step.when === null && !GIVEN[type].includes('client'));
    if (isSure) for (const what of rule.gives) given.add(what);
  }
  mistakes.push(...mistakesInOrder(type, steps));
  return mistakes;
};

/** What a code was sent to, or a client has, must not become something else by a form after it. */
const givenAnew = (
  type: WizardType,
  step: Step,
  { mayGive }: StepRule,
  before: readonly Step[],
  ruleOf: (step: Step) => StepRule | undefined,
): string[] => {
  if (GIVEN[type].includes('client')) {
    const his = mayGive.filter((what) => what === 'email' || what === 'password');
    return his.map((what) => `cannot ask for ${what}: a client has it and changes it in a wizard of its own`);
  }
  return mayGive.flatMap((what) => {
    const taker = before.find((other) => canMeet(other, step) && ruleOf(other)?.takes.includes(what));
    return taker ? [`gives ${what}, which '${taker.name}' went by already`] : [];
  });
};

/** Whether one run may come to both: not when their conditions want different countries or client types. */
const canMeet = ({ when: a }: Step, { when: b }: Step): boolean =>
  !areApart(a?.countryIds, b?.countryIds) && !areApart(a?.clientTypeIds, b?.clientTypeIds);

const areApart = (a: readonly number[] | undefined, b: readonly number[] | undefined): boolean =>
  a !== undefined && b !== undefined && !a.some((one) => b.includes(one));

/** A step that is sent again is known by its body, so no body may do for two. */
const sameBodyFits = (a: StepRule | undefined, b: StepRule): boolean =>
  a?.body !== undefined &&
  b.body !== undefined &&
  a.body.wants.every((name) => b.body!.takes.includes(name)) &&
  b.body.wants.every((name) => a.body!.takes.includes(name));

const isFixed = (type: WizardType, step: Step): boolean => FIXED[type].some(({ name }) => name === step.name);

const mistakesInOrder = (type: WizardType, steps: readonly Step[]): Mistake[] => {
  const fixed = FIXED[type];
  const mistakes: Mistake[] = [];
  let last = -1;
  for (const { name, kind, when = null } of fixed) {
    const at = steps.findIndex((step) => step.name === name);
    if (at < 0) {
      mistakes.push({ step: null, issue: `the step '${name}' (${kind}) is missing` });
      continue;
    }
    const step = steps[at]!;
    if (step.kind !== kind) mistakes.push({ step: at, issue: `'${name}' must be a ${kind}` });
    if (!isSame(step.when, when)) mistakes.push({ step: at, issue: `the condition of '${name}' is fixed` });
    if (at < last) mistakes.push({ step: at, issue: `'${name}' stands too early` });
    last = Math.max(last, at);
  }
  const end = fixed.at(-1)!.name;
  if (steps.length > 0 && steps.at(-1)!.name !== end)
    mistakes.push({ step: steps.length - 1, issue: `the last step must be '${end}'` });
  return mistakes;
};

const isSame = (a: Step['when'], b: Step['when']): boolean => canonical(a) === canonical(b);
const canonical = (when: Step['when']): string =>
  JSON.stringify([
    when?.clientTypeIds ?? null,
    when?.countryIds ?? null,
    Object.entries(when?.facts ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
