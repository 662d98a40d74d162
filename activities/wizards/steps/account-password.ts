import { z } from 'zod';
import { WrongFields } from '../../../domain/failures.ts';
import { givenPassword } from '../../trading/given-password.ts';
import { defineStep } from '../step.ts';

const KINDS = ['main', 'investor'] as const;
const Sent = z.strictObject({
  type: z.enum(KINDS, 'must be main or investor'),
  password: givenPassword(),
  password_confirmation: z.string().max(1_024),
});

const Asks = z
  .object({ types: z.array(z.enum(KINDS)) })
  .meta({ id: 'AccountPasswordAsked', description: 'Send `{uuid, type, password, password_confirmation}`.' });

export interface AccountPasswordDraft {
  accountPassword: { type: (typeof KINDS)[number]; password: string };
}

/** A new password of a trading account. It is kept sealed until it is handed on to the change of the account, and goes nowhere else. */
export const accountPassword = defineStep<Record<string, never>, z.output<typeof Sent>>({
  kind: 'account-password',
  types: ['accountPassword'],
  settings: z.strictObject({}),
  takes: ['client'],
  gives: () => ['account-password'],
  workflow: () => 'password_form',
  asks: Asks,
  form: (): Promise<z.input<typeof Asks>> => Promise.resolve({ types: [...KINDS] }),
  sent: Sent,
  check: (_asked, { type, password, password_confirmation: again }) => {
    if (again !== password)
      throw new WrongFields([
        { field: 'password_confirmation', issue: 'password_confirmation must be the same as password.' },
      ]);
    const keep: AccountPasswordDraft = { accountPassword: { type, password } };
    return Promise.resolve({ keep: { ...keep } });
  },
});
