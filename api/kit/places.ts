import { type CityResponse, open } from 'maxmind';

export interface Place {
  country: string | null;
  city: string | null;
}
/** Where an address is, in English; nulls for one that nobody knows, or what is no address. */
export type Places = (ip: string) => Place;

const NOWHERE: Place = { country: null, city: null };

/**
 * Reads a database of places by address in MaxMind's format (https://maxmind.github.io/MaxMind-DB/), GeoLite2-Country or -City; read anew when the file is
 * replaced. Without a path nothing is known of any address. Throws when there is no such file or it is no such database.
 */
export const openPlaces = async (path: string | undefined): Promise<Places> => {
  if (path === undefined) return () => NOWHERE;
  const reader = await open<CityResponse>(path, { watchForUpdates: true, watchForUpdatesNonPersistent: true });
  return (ip) => {
    // IPv4 as a socket for both shows it.
    const found = lookUp(() => reader.get(ip.replace(/^::ffff:(?=\d+\.)/, '')));
    return { country: found?.country?.names.en ?? null, city: found?.city?.names.en ?? null };
  };
};

/** Asked for what is no address, the reader throws. */
const lookUp = <T>(ask: () => T): T | null => {
  try {
    return ask();
  } catch {
    return null;
  }
};
