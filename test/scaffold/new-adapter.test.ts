import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Provider } from '../../adapters/kit/manifest.ts';
import { adapterFolders, CATEGORIES, nameTrouble } from '../../cli/scaffold/adapter-name.ts';
import { writeAdapter } from '../../cli/scaffold/write-adapter.ts';
import { leftToFillIn, standsIn } from '../conformance/scaffold.ts';
import { judgeAll } from '../conformance/suite.ts';
import { fillAll } from './acme.ts';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');
const ADAPTERS = join(ROOT, 'adapters');

// Beside the real folders, because imports must lead where they lead from there; no category is called like it.
const temporary = mkdtempSync(join(ADAPTERS, 'tmp-'));
const fresh = (category: string) => join(temporary, `fresh-${category}`);
const filled = (category: string) => join(temporary, `filled-${category}`);

const manifestIn = async (folder: string): Promise<Provider> =>
  ((await import(join(folder, 'manifest.ts'))) as { default: Provider }).default;

beforeAll(async () => {
  for (const category of CATEGORIES) {
    await writeAdapter(ADAPTERS, category, `fresh-${category}`, fresh(category));
    cpSync(fresh(category), filled(category), { recursive: true });
    fillAll(category, filled(category));
  }
});
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

describe('npm run new:adapter', () => {
  it('writes folders that compile, in every category', async () => {
    writeFileSync(
      join(temporary, 'tsconfig.json'),
      '{ "extends": "../../tsconfig.json", "include": ["fresh-*/*.ts"] }',
    );
    await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', temporary]).catch(
      ({ stdout }: { stdout: string }) => expect(stdout).toBe(''),
    );
  });

  it.each(CATEGORIES)('%s: at most eight files, named after the new provider', async (category) => {
    const files = readdirSync(fresh(category));
    expect(files.length).toBeLessThanOrEqual(8);
    expect(files).toEqual(
      expect.arrayContaining(['README.md', 'adapter.ts', 'client.ts', 'manifest.ts', 'map.ts', 'sandbox.ts']),
    );
    const text = files.map((file) => readFileSync(join(fresh(category), file), 'utf8')).join('\n');
    expect(text).not.toMatch(/acme|template/i);
    expect((await manifestIn(fresh(category))).id).toBe(`fresh-${category}`);
  });

  it.each(CATEGORIES)('%s: its conformance run is red, and says what to fill in and where', async (category) => {
    const provider = await manifestIn(fresh(category));
    standsIn(provider.id, fresh(category));
    const findings = await Promise.all(judgeAll(provider));
    const list = findings.find(({ name }) => name === 'scaffold: nothing is left to fill in');
    const left = leftToFillIn(fresh(category));
    expect(left.length).toBeGreaterThanOrEqual(4);
    expect(list).toMatchObject({ mark: '✗', why: expect.stringContaining(left.join('\n        ')) });
    expect(left.every((line) => /^\w+\.ts:\d+ {2}\w.+: .*e\.g\. /.test(line))).toBe(true);
    const broken = findings.filter(({ mark }) => mark === '✗');
    expect(broken.length).toBeGreaterThan(findings.length / 2);
    // Whatever is red before anything is filled in says so: nobody has to guess.
    expect(broken.filter(({ why }) => !/fill in/.test(why ?? ''))).toEqual([]);
  });

  it.each(CATEGORIES)('%s: filled in, its conformance run is green', async (category) => {
    const provider = await manifestIn(filled(category));
    standsIn(provider.id, filled(category));
    const findings = await Promise.all(judgeAll(provider));
    expect(findings.filter(({ mark }) => mark === '✗')).toEqual([]);
    expect(findings.filter(({ mark }) => mark === '✓').length).toBeGreaterThan(findings.length / 2);
  });

  it('refuses names that are none, that mean something else, and that are taken in whatever category', () => {
    const folders = adapterFolders(ADAPTERS);
    for (const name of ['', 'a', 'Acme', '1pay', 'pay_me', '-pay', 'pay-', 'a--b', '../pay', 'pay/me', 'p'.repeat(33)])
      expect(nameTrouble(name, folders)).toMatch(/is no name/);
    for (const name of ['new', 'default', 'import', 'kit', 'template', 'mailbox'])
      expect(nameTrouble(name, folders)).toMatch(/means something else/);
    expect(nameTrouble('mt5', folders)).toBe(
      "'mt5' is taken by adapters/trading/mt5: ids are unique over all categories",
    );
    expect(nameTrouble('pay-2-me', [...folders, 'kyc/pay2-me'])).toMatch(/taken by adapters\/kyc\/pay2-me/);
    expect(nameTrouble('acme-pay', folders)).toBeNull();
  });

  it('says on the command line what was wrong, and changes nothing', async () => {
    const command = (...args: string[]) =>
      run(process.execPath, [join(ROOT, 'cli/new-adapter.ts'), ...args]).catch(
        (error: { stderr: string; code: number }) => error,
      );
    for (const [args, complaint] of [
      [[], /Which category/],
      [['banks', 'acme-pay'], /'banks' is no category/],
      [['payments', 'Acme'], /is no name/],
      [['payments', 'mt5'], /taken by adapters\/trading\/mt5/],
      [['payments', 'acme-pay', 'now'], /too much/],
    ] as const) {
      const said = await command(...args);
      expect(said).toMatchObject({ code: 1, stderr: expect.stringMatching(complaint) });
      expect(said.stderr).toMatch(/Usage: npm run new:adapter -- <\w+(\|\w+)+> <name>/);
    }
  });
});
