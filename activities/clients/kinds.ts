import type { ChangeKind } from '../../domain/client-changes.ts';
import { addressChange } from './kinds/address.ts';
import { clientTypeChange } from './kinds/client-type.ts';
import { deactivation } from './kinds/deactivation.ts';
import { emailChange } from './kinds/email.ts';
import type { KindOfChange } from './kinds/kind.ts';
import { phoneChange } from './kinds/phone.ts';
import { profileChange } from './kinds/profile.ts';

const KINDS: { [K in ChangeKind]: KindOfChange<K> } = {
  clientType: clientTypeChange,
  profile: profileChange,
  email: emailChange,
  phone: phoneChange,
  address: addressChange,
  deactivation,
};

/** A change that is written down has the members of its kind. */
export const kindOf = (kind: ChangeKind): KindOfChange<never> => KINDS[kind] as KindOfChange<never>;
