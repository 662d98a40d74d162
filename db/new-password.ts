import { passwordFault } from '../domain/wizards/passwords.ts';
import { isBreached } from './breached-passwords.ts';

const BREACHED = 'is in a list of stolen passwords: choose another';

/** What is wrong with a password that somebody wants to have; null: nothing. */
export const newPasswordFault = async (password: string): Promise<string | null> =>
  passwordFault(password) ?? (await breachedFault(password));

/** Of passwords whose form is judged elsewhere. */
export const breachedFault = async (password: string): Promise<string | null> =>
  (await isBreached(password)) ? BREACHED : null;
