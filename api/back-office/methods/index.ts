import { KeyRing } from '../../../config/key-ring.ts';
import type { ApiDeps } from '../../deps.ts';
import type { Procedure } from '../../kit/procedure.ts';
import { attributeProcedures } from './attributes.ts';
import { paymentGroups } from './groups.ts';
import { paymentMethods } from './methods.ts';
import { methodCommissions, methodCurrencies } from './parts.ts';

/** /deposits/… and /withdrawals/…: groups and methods, their currencies, commissions and attributes. */
export const methodProcedures = (deps: ApiDeps): Procedure[] => {
  const views = { ring: new KeyRing(deps.settings.configKeys), publicUrl: deps.settings.publicUrl };
  return (['deposit', 'withdrawal'] as const).flatMap((direction) => [
    ...paymentGroups(direction)(deps),
    ...paymentMethods(direction, views)(deps),
    ...methodCurrencies(direction)(deps),
    ...methodCommissions(direction)(deps),
    ...attributeProcedures(deps, direction),
  ]);
};
