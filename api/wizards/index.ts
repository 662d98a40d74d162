import { clientFactorProcedures } from '../back-office/clients/client-factors.ts';
import { clientPasswordProcedures } from '../back-office/clients/client-passwords.ts';
import { twoFactorProcedures } from '../front-office/two-factor.ts';
import { wizardRunProcedures } from '../back-office/wizards/runs.ts';
import { myProfileProcedures } from '../front-office/profile.ts';
import type { Procedure } from '../kit/procedure.ts';
import { type MoneyDeps, MoneyHub } from '../money/hub.ts';
import { challengeProcedures } from './challenges.ts';
import { passwordProcedures } from './passwords.ts';
import { clientChangeProcedures } from './client-changes.ts';
import { registrationProcedures } from './registration.ts';
import { signInProcedures } from './sign-in.ts';
import { WizardHub } from './wizard-hub.ts';

/** Every method of the procedures in steps. */
export const wizardProcedures = (deps: MoneyDeps): Procedure[] => {
  const wizards = new WizardHub(new MoneyHub(deps));
  return [
    ...registrationProcedures(wizards, deps),
    ...challengeProcedures(wizards, deps),
    ...passwordProcedures(wizards),
    ...twoFactorProcedures(wizards),
    ...signInProcedures(wizards, deps),
    ...clientChangeProcedures(wizards, deps),
    ...myProfileProcedures(wizards.hub),
    ...wizardRunProcedures(wizards),
    ...clientFactorProcedures(wizards.hub),
    ...clientPasswordProcedures(wizards.hub),
  ];
};
