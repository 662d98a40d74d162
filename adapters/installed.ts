/** Every provider this hub knows: those of this repository, and those of the packages named in ADAPTER_PACKAGES. */
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { providerTrouble } from './kit/check.ts';
import type { Provider } from './kit/manifest.ts';
import { builtIn } from './registry.ts';

interface Origin {
  provider: Provider;
  /** 'this repository', 'package acme-for-brokerhub' */
  from: string;
}

const HUB = 'brokerhub/';

/** Packages write `brokerhub/adapters/kit/…` and must get these very modules: a HubFailure of a copy would be a stranger. */
const lendKit = (): void => {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier.startsWith(HUB)
        ? next(new URL(`../${specifier.slice(HUB.length)}`, import.meta.url).href, context)
        : next(specifier, context),
  });
};

/** What begins with a dot or a slash is a path from where the hub was started, anything else the name of an installed package. */
const load = async (name: string): Promise<unknown> => {
  const specifier = /^[./]/.test(name) ? pathToFileURL(resolve(name)).href : name;
  try {
    return ((await import(specifier)) as { default?: unknown }).default;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const isMissing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND' && why.includes(name);
    const advice = isMissing ? ` (is it installed? npm install ${name})` : '';
    throw new Error(`ADAPTER_PACKAGES: '${name}' cannot be loaded${advice}: ${why}`, { cause: error });
  }
};

/** A package's default export is a manifest, or a list of them. It is imported once, when the process starts. */
const packaged = async (name: string): Promise<Origin[]> => {
  const exported = await load(name);
  const all = Array.isArray(exported) ? (exported as unknown[]) : [exported];
  return all.map((one) => {
    const trouble = providerTrouble(one);
    if (trouble) throw new Error(`ADAPTER_PACKAGES: what '${name}' exports by default is no provider: ${trouble}`);
    return { provider: one as Provider, from: `package '${name}'` };
  });
};

const unique = (all: readonly Origin[]): readonly Provider[] => {
  const known = new Map<string, string>();
  for (const { provider, from } of all) {
    const other = known.get(provider.id);
    if (other) throw new Error(`ADAPTER_PACKAGES: ${from} and ${other} both have a provider called '${provider.id}'`);
    known.set(provider.id, from);
  }
  return all.map(({ provider }) => provider);
};

/** `list`: names with commas between them. Throws an Error that names the package when one cannot take part. */
export const installedProviders = async (list: string): Promise<readonly Provider[]> => {
  const names = list.split(',').flatMap((name) => name.trim() || []);
  if (names.length > 0) lendKit();
  const origins: Origin[] = builtIn.map((provider) => ({ provider, from: 'this repository' }));
  for (const name of names) origins.push(...(await packaged(name)));
  return unique(origins);
};

export const providers = await installedProviders(process.env['ADAPTER_PACKAGES'] ?? '');
