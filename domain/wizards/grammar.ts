/** What a wizard is: ordered steps with settings. Plain data, saved by operators, kept in versions and carried by each run. */
export const WIZARD_TYPES = [
  'registration',
  'passwordRecovery',
  'passwordChange',
  'twoFactorChange',
  'authorization',
  'authorization',
  'clientTypeChange',
  'profileChange',
  'phoneChange',
  'addressChange',
  'profileDeactivation',
] as const;
export type WizardType = (typeof WIZARD_TYPES)[number];

type Fact = string | number | boolean;
/** What the way of a run depends on, found out by its steps: ids and words, never a name, an address or a secret. */
export type Facts = Readonly<Record<string, Fact>>;

/** All of it must hold, else the step is left out. What is not known (yet) does not hold. */
export interface Condition {
  clientTypeIds?: number[] | undefined;
  countryIds?: number[] | undefined;
  /** `{"factor": ["google"]}`: the fact is one of these. */
  facts?: Record<string, Fact[]> | undefined;
}

export interface Step {
  /** Unique in its wizard. */
  name: string;
  /** Which module does it. */
  kind: string;
  when: Condition | null;
  settings: Record<string, unknown>;
}

export interface Limits {
  /** From the last step. */
  lifetimeSeconds: number;
  /** Wrong codes at one step before the run ends. */
  tries: number;
}

/** What a run is begun with and stays with: a version of a definition. */
export interface Plan extends Limits {
  steps: Step[];
}

export const holds = (when: Condition | null, facts: Facts): boolean => {
  if (when === null) return true;
  const among = (fact: string, allowed: readonly Fact[] | undefined): boolean =>
    allowed === undefined || (facts[fact] !== undefined && allowed.includes(facts[fact]));
  return (
    among('clientTypeId', when.clientTypeIds) &&
    among('countryId', when.countryIds) &&
    Object.entries(when.facts ?? {}).every(([fact, allowed]) => among(fact, allowed))
  );
};
