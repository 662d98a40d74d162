import { type SettingName } from './settings-schema.ts';
import { exitOn, SettingsError } from './settings.ts';

/** For entry points: what a setting names and is not there is told in a sentence. */
export const orExit = async <T>(begin: () => T | Promise<T>): Promise<T> => {
  try {
    return await begin();
  } catch (error) {
    return exitOn(error);
  }
};

/** Does what this setting is there for. Throws SettingsError: 'GEOIP_DATABASE: there is no place database at /x (ENOENT…)'. */
export const needed = async <T>(setting: SettingName, otherwise: string, attempt: () => T | Promise<T>): Promise<T> => {
  try {
    return await attempt();
  } catch (error) {
    throw new SettingsError([`${setting}: ${otherwise} (${reasonOf(error)}).`], { cause: error });
  }
};

/** Node tells of a refused connection by an AggregateError without words of its own. */
export const reasonOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
};
