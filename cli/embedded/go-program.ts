import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { keptAs, type NamedProgram, onPath, type Say } from './find-program.ts';

const run = promisify(execFile);

export interface GoProgram extends NamedProgram {
  /** 'github.com/stripe/stripe-mock' */
  module: string;
  /** The program's package in the module; '' is its root. */
  folder: string;
  /** Checksum of the module as in go.sum. What it needs itself is checked by Go against its checksum database. */
  sum: string;
  /** How long the compiler may take, milliseconds. */
  buildWithinMs: number;
}

/** An unreachable module proxy must not hold anybody up. */
const FETCH_WITHIN_MS = 30_000;

export const goCommand = (): string | undefined => onPath('go') ?? ['/usr/local/go/bin/go'].find(existsSync);

/**
 * Builds a program from its module and puts it into `into`. Returns its path, undefined where there is no Go; throws when the module is not the one
 * we know or time runs out. `env`: for tests.
 */
export async function buildWithGo(
  wanted: GoProgram,
  into: string,
  say: Say,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const go = goCommand();
  if (go === undefined) return undefined;
  const { program, module, folder, version, sum, buildWithinMs } = wanted;
  say(`Building ${program} ${version} with Go; this takes a while …`);
  mkdirSync(into, { recursive: true });
  const draft = mkdtempSync(join(into, 'go-'));
  try {
    const options = { cwd: draft, env: { ...env, GOBIN: draft }, maxBuffer: 1 << 26, killSignal: 'SIGKILL' as const };
    const found = await run(go, ['mod', 'download', '-json', `${module}@v${version}`], {
      ...options,
      timeout: FETCH_WITHIN_MS,
    }).then(({ stdout }) => sumIn(stdout), unreadable);
    if (found !== sum) throw new Error(`The module ${module} is not the one we know: its sum is ${found}, not ${sum}.`);
    const what = [module, folder].filter((part) => part !== '').join('/');
    await run(go, ['install', `${what}@v${version}`], { ...options, timeout: buildWithinMs });
    const place = join(into, keptAs(wanted));
    renameSync(join(draft, program), place);
    return place;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

const sumIn = (answer: string): string => (JSON.parse(answer) as { Sum: string }).Sum;

/** Go says why in its answer, not on stderr. */
const unreadable = (failure: Error & { stdout: string; killed: boolean }): never => {
  if (failure.killed) throw new Error(`The module was not there within ${FETCH_WITHIN_MS / 1000} s.`);
  const { Error: why } = JSON.parse(failure.stdout || '{}') as { Error?: string };
  throw new Error(why ?? failure.message);
};
