import { hash, verify } from '@node-rs/argon2';

/** argon2id at OWASP's floor: 19 MiB, two passes. */
const PASSWORD_COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** argon2id. */
export const hashPassword = (password: string): Promise<string> => hash(password, PASSWORD_COST);

let decoy: Promise<string> | undefined;

/** Takes the same time whether there is a hash to compare with or not, so that nobody learns which e-mails exist. */
export const passwordIs = async (password: string, known: string | null | undefined): Promise<boolean> => {
  decoy ??= hashPassword('nobody has this password');
  const matches = await verify(known ?? (await decoy), password).catch(() => false);
  return matches && known != null;
};
