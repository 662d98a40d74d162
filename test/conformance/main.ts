import { writeFileSync } from 'node:fs';
import prettier from 'prettier';
import { providers } from '../../adapters/installed.ts';
import type { Provider } from '../../adapters/kit/manifest.ts';
import { counts, page, PAGE, printed } from './matrix.ts';
import { judgeAll, type Finding } from './suite.ts';

/** `npm run conformance [provider …]`: prints the matrix; for all providers it also writes docs/conformance.md. */
const wanted = process.argv.slice(2);
const unknown = wanted.find((id) => !providers.some((provider) => provider.id === id));
if (unknown)
  throw new Error(`there is no provider '${unknown}'; there are ${providers.map(({ id }) => id).join(', ')}`);
const chosen = wanted.length > 0 ? providers.filter(({ id }) => wanted.includes(id)) : providers;

const findings = new Map<Provider, readonly Finding[]>();
for (const provider of chosen) {
  const began = Date.now();
  findings.set(provider, await Promise.all(judgeAll(provider)));
  process.stderr.write(`${provider.id}: ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
}

const { '✓': kept, '✗': broken, '–': absent } = counts(findings);
process.stdout.write(
  `${printed(findings, { why: wanted.length > 0 })}\n\n${kept} kept, ${broken} broken, ${absent} not applicable\n`,
);
if (wanted.length === 0) {
  const text = await prettier.format(page(findings), { ...(await prettier.resolveConfig(PAGE)), parser: 'markdown' });
  writeFileSync(PAGE, text);
}
process.exit(broken > 0 ? 1 : 0);
