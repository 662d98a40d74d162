import { hash, verify } from '@node-rs/argon2';
import { PASSWORD_COST } from '../../../db/seed/admin.ts';

/** argon2id. */
export const hashPassword = (password: string): Promise<string> => hash(password, PASSWORD_COST);

let decoy: Promise<string> | undefined;

/** Takes the same time whether there is a hash to compare with or not, so that nobody learns which e-mails exist. */
export const passwordIs = async (password: string, known: string | undefined): Promise<boolean> => {
  decoy ??= hashPassword('nobody has this password');
  const matches = await verify(known ?? (await decoy), password).catch(() => false);
  return matches && known !== undefined;
};
