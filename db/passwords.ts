import { hash, verify } from '@node-rs/argon2';

/** Cost of argon2id. */
export interface PasswordCost {
  memoryKib: number;
  passes: number;
}

/** OWASP's floor; PASSWORD_MEMORY_KIB and PASSWORD_PASSES change it. */
let cost: PasswordCost = { memoryKib: 19_456, passes: 2 };
let decoy: Promise<string> | undefined;

/** Once in each process that hashes, before it does. */
export const usePasswordCost = (wanted: PasswordCost): void => {
  cost = wanted;
  decoy = undefined;
};

/** argon2id. */
export const hashPassword = (password: string): Promise<string> =>
  hash(password, { memoryCost: cost.memoryKib, timeCost: cost.passes, parallelism: 1 });

/** Takes the same time whether there is a hash to compare with or not, so that nobody learns which e-mails exist. */
export const passwordIs = async (password: string, known: string | null | undefined): Promise<boolean> => {
  decoy ??= hashPassword('nobody has this password');
  const matches = await verify(known ?? (await decoy), password).catch(() => false);
  return matches && known != null;
};

/** Made at another cost than new ones are: to be made anew when its password is at hand, at a sign-in. */
export const isOutdated = (known: string): boolean =>
  !known.startsWith(`$argon2id$v=19$m=${cost.memoryKib},t=${cost.passes},p=1$`);
