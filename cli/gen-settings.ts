import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import prettier from 'prettier';
import { z } from 'zod';
import { settingNotes, settingsShape, type SettingName } from '../config/settings-schema.ts';
import { BROKER_SETTINGS } from '../config/broker-settings.ts';

/** Writes the pages of settings from their schemas; with --check only says whether they are up to date. */
const PAGES = [
  { file: 'docs/settings.md', source: 'config/settings-schema.ts', page: processSettings },
  { file: 'docs/broker-settings.md', source: 'config/broker-settings.ts', page: brokerSettings },
];

for (const { file, source, page } of PAGES) {
  const target = resolve(import.meta.dirname, '..', file);
  const text = await prettier.format(page(), { ...(await prettier.resolveConfig(target)), parser: 'markdown' });
  if (!process.argv.includes('--check')) {
    writeFileSync(target, text);
  } else if (current(target) !== text) {
    process.stderr.write(`${file} differs from ${source}: run \`npm run gen:settings\`.\n`);
    process.exitCode = 1;
  }
}

function processSettings(): string {
  const rows = (Object.keys(settingsShape) as SettingName[]).map((name) => {
    const field = settingsShape[name];
    const note = settingNotes.get(field) ?? {};
    const byDefault = note.defaultText ?? `\`${String(field.parse(undefined))}\``;
    const required = note.inProduction === 'required' ? 'required' : '';
    return `| \`${name}\` | ${byDefault} | ${required} | ${(field.description ?? '').replaceAll('|', '\\|')} |`;
  });
  return [
    '# Settings',
    '',
    '<!-- Generated from config/settings-schema.ts by `npm run gen:settings`; do not edit. -->',
    '',
    'All settings are environment variables. They are checked at start: a wrong value stops the start with a sentence that names it,',
    'a variable that begins with `HUB_` and is not in this table is reported and ignored, and an empty one counts as not given.',
    '',
    '| Variable | Default | In production | Meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function brokerSettings(): string {
  // The Back Office's page has a section in one place.
  const sections = [...new Set(Object.values(BROKER_SETTINGS).map(({ section }) => section))];
  const all = sections.flatMap((here) => Object.entries(BROKER_SETTINGS).filter(([, { section }]) => section === here));
  const rows = all.map(([name, { section, caption, schema, default: value }]) => {
    const cells = [section, `\`${name}\``, `\`${JSON.stringify(value)}\``, kindOf(z.toJSONSchema(schema)), caption];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return [
    '# Settings of the broker',
    '',
    '<!-- Generated from config/broker-settings.ts by `npm run gen:settings`; do not edit. -->',
    '',
    'What a broker decides for all his clients is data. It is changed while the hub runs, is in force at once in every process, and each change leaves an audit row with the old',
    'and the new value. It needs the rights `settings.read` and `settings.update`.',
    '',
    '```sh',
    'curl -s $API/settings -H "authorization: Bearer $OPERATOR"',
    `curl -s -X PATCH $API/settings/clients.uniquePhone -H "authorization: Bearer $OPERATOR" -H 'content-type: application/json' -d '{"value": true}'`,
    'curl -s -X DELETE $API/settings/clients.uniquePhone -H "authorization: Bearer $OPERATOR"   # back to the default',
    '```',
    '',
    'Settings of the processes themselves are [environment variables](settings.md); secrets belong to [connections](running-in-production.md#external-connections-methods-products).',
    '',
    '| Section | Name | Default | Value | Meaning |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** A JSON Schema in words: 'integer, 1 to 60'. */
function kindOf({ type, enum: words, minimum, maximum }: z.core.JSONSchema.BaseSchema): string {
  if (words) return words.map((word) => `\`${String(word)}\``).join(', ');
  const least = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  const most = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  const range = [least ?? '', most ?? ''].join(' to ').trim();
  return range === 'to' ? String(type ?? 'see the API') : `${String(type)}, ${range}`;
}

function current(target: string): string | undefined {
  try {
    return readFileSync(target, 'utf8');
  } catch {
    return undefined;
  }
}
