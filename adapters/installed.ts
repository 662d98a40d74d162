/** Every provider this hub knows: those of this repository, and those of the packages named in ADAPTER_PACKAGES. */
import { isProvider } from './kit/check.ts';
import type { Provider } from './kit/manifest.ts';
import { builtIn } from './registry.ts';

/** A package's default export is a manifest, or a list of them. It is imported once, when the process starts. */
const packaged = async (names: readonly string[]): Promise<Provider[]> => {
  const found: Provider[] = [];
  for (const name of names) {
    const { default: exported } = (await import(name)) as { default: unknown };
    for (const one of Array.isArray(exported) ? (exported as unknown[]) : [exported]) {
      if (!isProvider(one)) throw new Error(`ADAPTER_PACKAGES: ${name} exports something that is no provider`);
      found.push(one);
    }
  }
  return found;
};

const unique = (all: readonly Provider[]): readonly Provider[] => {
  const twice = all.find(({ id }, n) => all.findIndex((other) => other.id === id) !== n);
  if (twice) throw new Error(`ADAPTER_PACKAGES: there are two providers called '${twice.id}'`);
  return all;
};

const names = (process.env['ADAPTER_PACKAGES'] ?? '').split(',').map((name) => name.trim());

export const providers = unique([...builtIn, ...(await packaged(names.filter(Boolean)))]);
