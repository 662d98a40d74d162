import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import prettier from 'prettier';
import { settingNotes, settingsShape, type SettingName } from '../config/settings-schema.ts';

/** Writes docs/settings.md from the schema; with --check only says whether it is up to date. */
const target = resolve(import.meta.dirname, '../docs/settings.md');

const text = await prettier.format(page(), { ...(await prettier.resolveConfig(target)), parser: 'markdown' });
if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (current() !== text) {
  process.stderr.write('docs/settings.md differs from config/settings-schema.ts: run `npm run gen:settings`.\n');
  process.exitCode = 1;
}

function page(): string {
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

function current(): string | undefined {
  try {
    return readFileSync(target, 'utf8');
  } catch {
    return undefined;
  }
}
