import { reasonOf } from '../../config/or-exit.ts';

/** One thing the doctor looks at. `look` returns a few words when all is well, and throws Ailment when it is not. */
export interface Check {
  name: string;
  look(): Promise<string> | string;
}

/** What is wrong, and what to do about it. */
export class Ailment extends Error {
  readonly remedy: string;

  constructor(what: string, remedy: string, cause?: unknown) {
    super(cause === undefined ? what : `${what} (${reasonOf(cause)})`);
    this.remedy = remedy;
  }
}

export interface Finding {
  name: string;
  well: boolean;
  words: string;
  remedy?: string;
}

export async function examine({ name, look }: Check): Promise<Finding> {
  try {
    return { name, well: true, words: await look() };
  } catch (error) {
    const remedy =
      error instanceof Ailment
        ? error.remedy
        : 'Unexpected: run with LOG_LEVEL=debug and read the logs in the state folder.';
    return { name, well: false, words: reasonOf(error), remedy };
  }
}
