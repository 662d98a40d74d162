import { z } from 'zod';
import { newPasswordFault } from '../../../db/new-password.ts';
import { hashPassword, passwordIs } from '../../../db/passwords.ts';
import { WrongFields } from '../../../domain/failures.ts';
import { defineStep } from '../step.ts';

const Sent = z.strictObject({
  password: z.string().max(1_024),
  password_confirmation: z.string().max(1_024).optional(),
});

/** Where a new password came from: the address, and the sign-in when there is one. */
export interface SetFrom {
  ip: string;
  family: string | null;
}

/** A password that is not the one of before. Only its hash goes on. */
export const newPassword = defineStep<Record<string, never>, z.output<typeof Sent>>({
  kind: 'new-password',
  types: ['passwordRecovery', 'passwordChange', 'authorization'],
  settings: z.strictObject({}),
  takes: ['client'],
  gives: () => ['password'],
  workflow: () => 'password_form',
  asks: z.null().meta({ description: 'Send `{uuid, password}`: the new one.' }),
  sent: Sent,
  check: async ({ db, run, ip, family }, { password, password_confirmation: again }) => {
    const wrong = (field: string, issue: string) => new WrongFields([{ field, issue: `${field} ${issue}.` }]);
    const fault = await newPasswordFault(password);
    if (fault) throw wrong('password', fault);
    if (again !== undefined && again !== password) throw wrong('password_confirmation', 'must be the same as password');
    const { rows } = await db.query<{ hash: string | null }>(
      `select password_hash as hash from client where client_id = $1`,
      [run.clientId],
    );
    if (rows[0]?.hash && (await passwordIs(password, rows[0].hash)))
      throw wrong('password', 'must not be the one you have now');
    return { keep: { passwordHash: await hashPassword(password), setFrom: { ip, family } satisfies SetFrom } };
  },
});
