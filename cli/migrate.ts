import { needed, orExit } from '../config/or-exit.ts';
import { settingsOrExit } from '../config/settings.ts';
import { seed } from '../db/seed/seed.ts';
import { bringSchema } from './bring-schema.ts';
import { demoConnections } from './demo-connections.ts';
import { firstOperator } from './first-operator.ts';
import { registerSearchAttributes } from './register-search-attributes.ts';

/** `npm run migrate`: brings database and Temporal namespace to what this version needs, with the reference data and the first
 * operator. `-- --demo` adds a small brokerage on the sandboxes. */
const settings = settingsOrExit();
const { applied } = await orExit(() => bringSchema(settings, (line) => void process.stdout.write(`${line}\n`)));
const demo = process.argv.includes('--demo');
await seed(
  settings.databaseUrl,
  demo ? { configKeys: settings.configKeys, connections: await demoConnections(settings.sandboxUrl) } : undefined,
);
const place = { address: settings.temporalAddress, namespace: settings.temporalNamespace };
const registered = await orExit(() =>
  needed('TEMPORAL_ADDRESS', `no Temporal server answers at ${place.address}`, () => registerSearchAttributes(place)),
);
const operator = await firstOperator(settings);
process.stdout.write(`Database is up to date (${applied.length === 0 ? 'nothing new' : applied.join(', ')}).\n`);
process.stdout.write(
  `Search attributes are registered (${registered.length === 0 ? 'nothing new' : registered.join(', ')}).\n`,
);
if (operator.shownOnce !== undefined)
  process.stdout.write(`Operator ${operator.email}, password (shown once): ${operator.shownOnce}\n`);
