import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * Writes down how each migration is (db/migrations/SHA256SUMS, as `sha256sum` writes it); with --check only says whether all are as written down. A hub that ran a
 * migration never runs it again: whoever changed it afterwards would leave the hubs of before without the change.
 */
const folder = resolve(import.meta.dirname, '../db/migrations');
const target = resolve(folder, 'SHA256SUMS');

const sumOf = (file: string): string =>
  createHash('sha256')
    .update(readFileSync(resolve(folder, file)))
    .digest('hex');

const known = new Map(
  (existsSync(target) ? readFileSync(target, 'utf8') : '')
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('  ').toReversed() as [file: string, sum: string]),
);
const files = readdirSync(folder)
  .filter((file) => file.endsWith('.sql'))
  .toSorted();

const wrong = [
  ...[...known.keys()]
    .filter((file) => !files.includes(file))
    .map((file) => `${file} is gone; hubs that ran it have what it made.`),
  ...files
    .filter((file) => known.has(file) && known.get(file) !== sumOf(file))
    .map(
      (file) =>
        `${file} has changed, and hubs that ran it would lack the change: leave it as it was and write another migration. Only if no hub but yours can have run it, remove its line from SHA256SUMS and run \`npm run gen:migrations\`.`,
    ),
];
const isNew = files.filter((file) => !known.has(file));
if (process.argv.includes('--check'))
  wrong.push(...isNew.map((file) => `${file} is not written down: run \`npm run gen:migrations\`.`));

if (wrong.length > 0) {
  process.stderr.write(wrong.map((line) => `db/migrations/${line}\n`).join(''));
  process.exitCode = 1;
} else if (isNew.length > 0) {
  writeFileSync(target, files.map((file) => `${sumOf(file)}  ${file}\n`).join(''));
}
