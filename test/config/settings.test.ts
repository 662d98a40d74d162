import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadSettings, SettingsError } from '../../config/settings.ts';

let stateDir: string;
beforeEach(() => void (stateDir = mkdtempSync(join(tmpdir(), 'hub-settings-'))));
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const load = (env: Record<string, string> = {}, warnings: string[] = []) =>
  loadSettings({ HUB_STATE_DIR: stateDir, ...env }, (sentence) => void warnings.push(sentence));

const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    load(env);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
};

const keyRing = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;
const ed25519 = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const production = (): Record<string, string> => ({
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://hub:pw@db:5432/hub',
  TEMPORAL_ADDRESS: 'temporal:7233',
  PAYLOAD_KEYS: keyRing('p1'),
  CONFIG_KEYS: keyRing('c1'),
  JWT_PRIVATE_KEY: ed25519(),
});

describe('quick timings', () => {
  it('are for fault campaigns and refused in production', () => {
    expect(load().hubTimings).toBe('normal');
    expect(load({ HUB_TIMINGS: 'quick' }).hubTimings).toBe('quick');
    expect(problemsOf({ ...production(), HUB_TIMINGS: 'quick' })).toEqual([
      'HUB_TIMINGS quick is for tests and refused in production.',
    ]);
  });
});

describe('settings of an embedded hub', () => {
  it('need nothing from outside', () => {
    const settings = load();
    expect(settings).toMatchObject({
      hubMode: 'embedded',
      port: 8080,
      temporalAddress: '127.0.0.1:7233',
      temporalUiDecisions: 'allow',
    });
    expect(settings.embedded).toEqual({ database: true, temporal: true });
    expect(settings.databaseUrl).toMatch(/^postgres:\/\/postgres:[\w-]+@127\.0\.0\.1:5433\/brokerhub$/);
  });

  it('make their secrets once, readable by the owner only', () => {
    const [first, second] = [load(), load()];
    expect(second).toEqual(first);
    expect(statSync(join(stateDir, 'keys.json')).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(stateDir, 'keys.json'), 'utf8'))).toMatchObject({
      payloadKeys: first.payloadKeys,
    });
  });

  it('derive addresses from ports', () => {
    expect(load({ PORT: '9000', SANDBOX_PORT: '9001', TEMPORAL_UI_PORT: '9002' })).toMatchObject({
      publicUrl: 'http://127.0.0.1:9000',
      sandboxUrl: 'http://127.0.0.1:9001',
      temporalUiUrl: 'http://127.0.0.1:9002',
    });
  });

  it('use the services they are given', () => {
    const settings = load({ DATABASE_URL: 'postgres://u:p@h/d', TEMPORAL_ADDRESS: '[::1]:7233' });
    expect(settings.embedded).toEqual({ database: false, temporal: false });
    expect(settings.databaseUrl).toBe('postgres://u:p@h/d');
  });

  it('take an empty variable as not given', () => {
    expect(load({ PORT: '', ADMIN_PASSWORD: '' })).toMatchObject({ port: 8080, adminPassword: undefined });
  });

  it('refuse a damaged key file instead of making new keys over it', () => {
    writeFileSync(join(stateDir, 'keys.json'), '{"payloadKeys":');
    expect(() => load()).toThrow(/keys\.json cannot be read/);
  });
});

describe('a wrong setting', () => {
  it.each([
    ['PORT', '80x', 'PORT must be a port number from 1 to 65535, but is "80x".'],
    ['PORT', '70000', 'PORT must be a port number from 1 to 65535, but is "70000".'],
    ['DB_POOL_SIZE', '0', 'DB_POOL_SIZE must be a whole number from 1 to 200, but is "0".'],
    ['HUB_MODE', 'prod', 'HUB_MODE must be one of embedded, production, but is "prod".'],
    ['TEMPORAL_ADDRESS', 'http://t:7233', 'TEMPORAL_ADDRESS must be host:port, but is "http://t:7233".'],
    ['PUBLIC_URL', 'hub.example', 'PUBLIC_URL must be an http or https address, but is "hub.example".'],
  ])('%s=%s is named in one sentence', (name, value, sentence) => {
    expect(problemsOf({ [name]: value })).toEqual([sentence]);
  });

  it('is reported with all others at once', () => {
    expect(problemsOf({ PORT: 'a', PG_PORT: 'b', LOG_LEVEL: 'loud' })).toHaveLength(3);
  });

  it.each(['ADMIN_PASSWORD', 'PAYLOAD_KEYS', 'JWT_PRIVATE_KEY', 'DATABASE_URL'])(
    '%s is not shown, because it is a secret',
    (name) => {
      const problems = problemsOf({ [name]: 'hunter2' });
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(new RegExp(`^${name} must `));
      expect(problems[0]).not.toContain('hunter2');
    },
  );

  it('of a key ring with a short key or a repeated id is refused', () => {
    expect(problemsOf({ PAYLOAD_KEYS: `p1:${randomBytes(16).toString('base64')}` })).toHaveLength(1);
    expect(problemsOf({ PAYLOAD_KEYS: `${keyRing('p1')},${keyRing('p1')}` })).toHaveLength(1);
    expect(problemsOf({ PAYLOAD_KEYS: `${keyRing('p2')},${keyRing('p1')}` })).toEqual([]);
  });
});

describe('settings of production', () => {
  it('are complete when every secret and service is given', () => {
    expect(load(production())).toMatchObject({ hubMode: 'production', temporalUiDecisions: 'refuse' });
  });

  it.each(['DATABASE_URL', 'TEMPORAL_ADDRESS', 'PAYLOAD_KEYS', 'CONFIG_KEYS', 'JWT_PRIVATE_KEY'])(
    'do not guess %s',
    (name) => {
      const problems = problemsOf({ ...production(), [name]: '' });
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain(`${name} is required in production.`);
    },
  );

  it('accept a key whose line breaks are written out', () => {
    const pem = ed25519();
    expect(load({ ...production(), JWT_PRIVATE_KEY: pem.replaceAll('\n', '\\n') }).jwtPrivateKey).toBe(pem);
  });
});

describe('an unknown HUB_ variable', () => {
  it('is reported by name and ignored', () => {
    const warnings: string[] = [];
    load({ HUB_STATEDIR: '/x', HUB_TEST_DATABASE_URL: 'of the test kit' }, warnings);
    expect(warnings).toEqual([expect.stringContaining('HUB_STATEDIR is not a setting')]);
  });
});

describe('the cost of passwords', () => {
  it('is OWASP’s floor, more if one likes, and less in tests only', () => {
    expect(load()).toMatchObject({ passwordMemoryKib: 19_456, passwordPasses: 2, breachedPasswords: undefined });
    expect(load({ PASSWORD_MEMORY_KIB: '64', PASSWORD_PASSES: '1' })).toMatchObject({ passwordMemoryKib: 64 });
    expect(problemsOf({ ...production(), PASSWORD_MEMORY_KIB: '65536', PASSWORD_PASSES: '3' })).toEqual([]);
    for (const less of [{ PASSWORD_MEMORY_KIB: '19455' }, { PASSWORD_PASSES: '1' }])
      expect(problemsOf({ ...production(), ...less })).toEqual([
        'PASSWORD_MEMORY_KIB below 19456 and PASSWORD_PASSES below 2 are for tests and refused in production.',
      ]);
  });
});
