import { randomBytes } from 'node:crypto';
import type { Settings } from '../config/settings.ts';
import { seedAdmin } from '../db/seed/admin.ts';

export interface FirstOperator {
  email: string;
  created: boolean;
  /** The generated password, only when this very call made the user. It is kept nowhere. */
  shownOnce: string | undefined;
}

/** Makes the Back Office user of ADMIN_EMAIL when there is none; an existing one keeps his password. */
export async function firstOperator(
  settings: Pick<Settings, 'databaseUrl' | 'adminEmail' | 'adminPassword'>,
): Promise<FirstOperator> {
  const password = settings.adminPassword ?? randomBytes(12).toString('base64url');
  const { created } = await seedAdmin(settings.databaseUrl, { email: settings.adminEmail, password });
  return {
    email: settings.adminEmail,
    created,
    shownOnce: created && settings.adminPassword === undefined ? password : undefined,
  };
}
