import { settingsSchema } from '../../adapters/kit/config.ts';
import type { Provider } from '../../adapters/kit/manifest.ts';
import { CATEGORIES } from './adapter-name.ts';
import { isOverPrice, PRICE, type FolderSize } from './folder-size.ts';

const IDEMPOTENCY = {
  native: 'the provider keeps our key: the same order twice is one',
  lookup: 'no key, but an order is found by our reference',
  none: 'neither key nor look: an operator decides',
} as const;

interface Field {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  items?: Field;
  anyOf?: Field[];
  oneOf?: Field[];
  default?: unknown;
  description?: string;
  secret?: boolean;
  properties?: Record<string, Field>;
  required?: string[];
}

const code = (text: string) => `\`${text}\``;
const cell = (text: string) => text.replaceAll('|', '\\|').replace(/\s+/g, ' ');

const kindOf = (field: Field): string => {
  if (field.secret) return 'secret';
  if (field.enum) return field.enum.map((one) => code(String(one))).join(', ');
  if (field.const !== undefined) return code(String(field.const));
  const variants = field.anyOf ?? field.oneOf;
  if (variants) return [...new Set(variants.map(kindOf))].join(' or ');
  if (field.items) return `list of ${kindOf(field.items)}`;
  if (field.format === 'uri') return 'address';
  return [field.type ?? 'any'].flat().join(' or ');
};

const needOf = (name: string, field: Field, required: readonly string[]): string => {
  if (field.default !== undefined) return code(JSON.stringify(field.default));
  return required.includes(name) ? 'required' : 'optional';
};

/** Settings of one provider. Those that come in several shapes are told shape by shape. */
const settings = (schema: Field): string[] => {
  const shapes = schema.properties ? [schema] : (schema.oneOf ?? schema.anyOf ?? []);
  if (shapes.every(({ properties }) => Object.keys(properties ?? {}).length === 0)) return ['Settings: none.', ''];
  return shapes.flatMap(({ properties = {}, required = [] }) => {
    const fields = Object.entries(properties);
    const row = (...cells: string[]) => `| ${cells.join(' | ')} |`;
    const isTold = fields.some(([, { description }]) => description);
    const meaning = (text = '') => (isTold ? [cell(text)] : []);
    return [
      row('Setting', 'Kind', 'Default', ...meaning('Meaning')),
      row('---', '---', '---', ...meaning('---')),
      ...fields.map(([name, field]) =>
        row(code(name), cell(kindOf(field)), cell(needOf(name, field, required)), ...meaning(field.description)),
      ),
      '',
    ];
  });
};

const section = (provider: Provider): string[] => {
  const { id, category, caption, capabilities, idempotency, limits, currencies, webhook, confirmedBy } = provider;
  const facts = [
    ['Provider', `${code(id)}, [setting up and oddities](../adapters/${category}/${id}/README.md)`],
    ['Can', capabilities.map(code).join(', ')],
    ['Repeated writes', `${code(idempotency)}: ${IDEMPOTENCY[idempotency]}`],
    ['Limits', `${limits.perSecond} per second and connection, ${limits.timeoutMs / 1000} s for one exchange`],
    ...(currencies ? [['Currencies', currencies.join(', ')]] : []),
    ...(confirmedBy === 'person' ? [['Confirmed by', 'a person: no money moves without one']] : []),
    ['Callbacks', webhook ? `${webhook.scheme}; answered within ${webhook.answerWithinMs / 1000} s` : 'none'],
    ['Sandbox', provider.sandbox ? 'yes' : 'no wire, nothing to simulate'],
  ];
  return [
    `### ${caption}`,
    '',
    '| | |',
    '| --- | --- |',
    ...facts.map(([name, value]) => `| ${name} | ${cell(value!)} |`),
    '',
    ...settings(settingsSchema(provider.config) as Field),
  ];
};

/** Lines are told in fifties, so that not every small change changes this page. */
const toFifty = (lines: number) => String(Math.ceil(lines / 50) * 50);

const sizesTable = (sizes: ReadonlyMap<string, FolderSize>): string[] => [
  '## Sizes',
  '',
  `A provider's folder has at most ${PRICE.files} files and ${PRICE.lines} lines of code, its sandbox included; one that has more says why. Lines are rounded up to fifty.`,
  '',
  '| Provider | Files | Lines | without its sandbox | Why more |',
  '| --- | ---: | ---: | ---: | --- |',
  ...[...sizes].map(([id, size]) => {
    const { files, lines, sandboxLines } = size;
    const why = isOverPrice(size) ? cell(size.why) : '';
    return `| ${code(id)} | ${files} | ${toFifty(lines)} | ${toFifty(lines - sandboxLines)} | ${why} |`;
  }),
  '',
];

/** The page docs/providers.md. `sizes`: of their folders, by id; a provider from a package has no folder here. */
export const providersPage = (
  providers: readonly Provider[],
  sizes: ReadonlyMap<string, FolderSize> = new Map(),
): string =>
  [
    '# Providers',
    '',
    '<!-- Generated from the folders of adapters/ by `npm run gen:providers`; do not edit. -->',
    '',
    'What the hub can talk to, as the manifests say it. How each keeps its word: [conformance](conformance.md). How one is added: [adding a provider](adding-a-provider.md).',
    '',
    ...CATEGORIES.toSorted().flatMap((category) => {
      const own = providers.filter((one) => one.category === category).toSorted((a, b) => (a.id < b.id ? -1 : 1));
      return own.length === 0 ? [] : [`## ${category}`, '', ...own.flatMap(section)];
    }),
    ...(sizes.size === 0 ? [] : sizesTable(sizes)),
  ].join('\n');
