import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
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

/** Every file below adapters/ and docs/, in order. */
const contentsOf = (folder: string): Map<string, string> =>
  new Map(
    globSync('{adapters,docs}/**/*.{ts,md}', { cwd: folder })
      .toSorted()
      .map((path) => [path, readFileSync(join(folder, path), 'utf8')]),
  );

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

  it('touches nothing but its folder and generated files', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'new-adapter-'));
    try {
      for (const part of ['adapters', 'cli', 'domain', 'docs', 'package.json', '.prettierrc.json'])
        cpSync(join(ROOT, part), join(copy, part), {
          recursive: true,
          filter: (path) => !basename(path).startsWith('tmp-'),
        });
      symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
      const before = contentsOf(copy);
      const { stdout } = await run(process.execPath, [join(copy, 'cli/new-adapter.ts'), 'kyc', 'acme-check'], {
        cwd: copy,
      });
      const after = contentsOf(copy);
      const changed = [...after].flatMap(([path, text]) => (before.get(path) === text ? [] : path));
      expect(changed.filter((path) => !path.startsWith('adapters/kyc/acme-check/'))).toEqual([
        'adapters/registry.ts',
        'docs/providers.md',
      ]);
      expect(after.get('adapters/registry.ts')).toContain("import acmeCheck from './kyc/acme-check/manifest.ts';");
      expect(after.get('docs/providers.md')).toContain('### Acme Check');
      expect(stdout).toContain('npm run conformance -- acme-check');
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
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
