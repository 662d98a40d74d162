/** What the scaffold cannot know about a vendor, met before somebody wrote it down. */
export class NotFilledIn extends Error {
  override readonly name = 'NotFilledIn';
}

/**
 * Stands in a fresh adapter (`npm run new:adapter`) where only the vendor's documents know the answer. `what` is an instruction: the conformance run lists
 * every one that is left, so none of them reaches a finished adapter.
 */
export const fillIn = <T = string>(what: string): T => {
  throw new NotFilledIn(`fill in ${what}`);
};

/** The same for a table: it can be named, and throws when it is read. Put a plain object in its place. */
export const fillInTable = (what: string): Record<string, never> =>
  new Proxy({}, { get: () => fillIn(what), has: () => fillIn(what), ownKeys: () => fillIn(what) });
