import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { buildWithGo, goCommand, type GoProgram } from '../../cli/embedded/go-program.ts';

/** Go takes no archive with entries for folders, which `python3 -m zipfile` makes. */
const PACK = `import sys, json, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as file:
  for name, text in json.loads(sys.argv[3]).items(): file.writestr(sys.argv[2] + '/' + name, text)`;

const SUM = 'h1:VnTa6XawOmbITXkthm7e1xE3nzWLgEi48sw0w9qfLuM=';
const greeter = (sum: string): GoProgram => ({
  module: 'example.com/greeter',
  folder: 'cmd/greeter',
  program: 'greeter',
  version: '1.2.0',
  sum,
  buildWithinMs: 60_000,
});

(goCommand() === undefined ? describe.skip : describe)('a program that is built with Go', () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hub-go-'));
    const goModCache = join(folder, 'modules');
    // Nothing but the folder is asked; what is compiled of Go itself is shared with other builds of this machine.
    env = {
      ...process.env,
      GOPROXY: `file://${proxy()}`,
      GOSUMDB: 'off',
      GOMODCACHE: goModCache,
      GOFLAGS: '-modcacherw',
    };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A module proxy is a folder of files. */
  const proxy = (): string => {
    const versions = join(folder, 'proxy/example.com/greeter/@v');
    mkdirSync(versions, { recursive: true });
    const goMod = 'module example.com/greeter\n\ngo 1.21\n';
    const source = { 'go.mod': goMod, 'cmd/greeter/main.go': 'package main\n\nfunc main() { println("hello") }\n' };
    execFileSync('python3', [
      '-c',
      PACK,
      join(versions, 'v1.2.0.zip'),
      'example.com/greeter@v1.2.0',
      JSON.stringify(source),
    ]);
    writeFileSync(join(versions, 'list'), 'v1.2.0\n');
    writeFileSync(join(versions, 'v1.2.0.mod'), goMod);
    writeFileSync(join(versions, 'v1.2.0.info'), JSON.stringify({ Version: 'v1.2.0', Time: '2026-01-01T00:00:00Z' }));
    return join(folder, 'proxy');
  };

  it('is kept under its version', async () => {
    const into = join(folder, 'cache');
    const path = await buildWithGo(greeter(SUM), into, () => undefined, env);
    expect(path).toBe(join(into, 'greeter-1.2.0'));
    expect(spawnSync(path!, { encoding: 'utf8' }).stderr).toBe('hello\n');
    expect(readdirSync(into)).toEqual(['greeter-1.2.0']);
  });

  it('is refused when its module is not the one we know, and leaves nothing behind', async () => {
    const into = join(folder, 'cache');
    await expect(buildWithGo(greeter('h1:OTHER='), into, () => undefined, env)).rejects.toThrow(
      /is not the one we know/,
    );
    expect(readdirSync(into)).toEqual([]);
  });

  it('is not there: Go says why', async () => {
    const into = join(folder, 'cache');
    const unknown = { ...greeter(SUM), version: '9.9.9' };
    await expect(buildWithGo(unknown, into, () => undefined, env)).rejects.toThrow(/example\.com\/greeter@v9\.9\.9/);
    expect(readdirSync(into)).toEqual([]);
  });
});
