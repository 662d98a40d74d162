import type { Provider } from '../../../adapters/kit/manifest.ts';

/** A broken copy of a sound adapter, and which cases must notice: of every pattern one at least, and no case that fits none. */
export interface Mutant {
  does: string;
  provider: Provider;
  /** The cases that call what is broken; the others cannot differ from those of the sound adapter. */
  touched: RegExp;
  noticed: readonly RegExp[];
}

/** Breaks copies of one adapter. */
export const breaking =
  (sound: Provider) =>
  <Adapter extends object>(
    does: string,
    broken: Partial<Adapter>,
    touched: RegExp,
    noticed: readonly RegExp[],
  ): Mutant => ({
    does,
    provider: { ...sound, adapter: { ...sound.adapter, ...broken } } as unknown as Provider,
    touched,
    noticed,
  });
