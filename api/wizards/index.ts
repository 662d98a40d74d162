import { wizardRunProcedures } from '../back-office/wizards/runs.ts';
import type { Procedure } from '../kit/procedure.ts';
import { type MoneyDeps, MoneyHub } from '../money/hub.ts';
import { qrSignInProcedures } from './qr-sign-in.ts';
import { recoveryProcedures } from './recovery.ts';
import { registrationProcedures } from './registration.ts';
import { signInProcedures } from './sign-in.ts';
import { WizardHub } from './wizard-hub.ts';

/** Every method of the procedures in steps. */
export const wizardProcedures = (deps: MoneyDeps): Procedure[] => {
  const wizards = new WizardHub(new MoneyHub(deps));
  return [
    ...registrationProcedures(wizards, deps),
    ...recoveryProcedures(wizards),
    ...signInProcedures(wizards, deps),
    ...qrSignInProcedures(wizards, deps),
    ...wizardRunProcedures(wizards),
  ];
};
