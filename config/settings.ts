import { resolve } from 'node:path';
import type { z } from 'zod';
import { settingNotes, settingsSchema, settingsShape, type SettingName } from './settings-schema.ts';
import { stateKeys } from './state-keys.ts';

type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<CamelCase<Tail>>}`
  : Lowercase<S>;

type Parsed = z.output<typeof settingsSchema>;
/** Left open even after the defaults are filled in: their absence means "generate one and show it", and "no such file". */
type Open = 'ADMIN_PASSWORD' | 'BREACHED_PASSWORDS' | 'GEOIP_DATABASE';

/** Each variable under its camelCase name (`TEMPORAL_UI_PORT` → `temporalUiPort`), checked, with its default filled in. */
export type Settings = {
  [K in Exclude<SettingName, Open> as CamelCase<K>]: NonNullable<Parsed[K]>;
} & {
  adminPassword: string | undefined;
  geoipDatabase: string | undefined;
  breachedPasswords: string | undefined;
  /** Whether `npm start` brings these up itself. */
  embedded: { database: boolean; temporal: boolean };
};

/** All that is wrong with the environment: one sentence per line, each naming its variable. */
export class SettingsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join('\n'), options);
    this.name = 'SettingsError';
    this.problems = problems;
  }
}

/** OWASP's floor for argon2id. */
const LEAST_MEMORY_KIB = 19_456;
const LEAST_PASSES = 2;

const projectRoot = resolve(import.meta.dirname, '..');

/** Checks the environment; throws SettingsError. In embedded mode missing secrets are made once in HUB_STATE_DIR. */
export function loadSettings(
  env: NodeJS.ProcessEnv = process.env,
  warn: (sentence: string) => void = (sentence) => void process.stderr.write(`${sentence}\n`),
): Settings {
  for (const name of unknownNames(env))
    warn(`${name} is not a setting of this program and is ignored (docs/settings.md lists them).`);

  // An empty variable means "not given": compose files and CI systems cannot leave one out conditionally.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = settingsSchema.safeParse(given);
  const problems = parsed.success ? [] : describe(parsed.error.issues, given);
  const mode = given['HUB_MODE'] ?? (given['NODE_ENV'] === 'production' ? 'production' : 'embedded');
  if (mode === 'production') {
    problems.push(...missingInProduction(given));
    if (
      parsed.success &&
      (parsed.data.PASSWORD_MEMORY_KIB < LEAST_MEMORY_KIB || parsed.data.PASSWORD_PASSES < LEAST_PASSES)
    )
      problems.push(
        `PASSWORD_MEMORY_KIB below ${LEAST_MEMORY_KIB} and PASSWORD_PASSES below ${LEAST_PASSES} are for tests and refused in production.`,
      );
    if (given['HUB_TIMINGS'] === 'quick') problems.push('HUB_TIMINGS quick is for tests and refused in production.');
  }
  if (!parsed.success || problems.length > 0) throw new SettingsError(problems);
  return complete(parsed.data, mode === 'production' ? 'production' : 'embedded');
}

/** For entry points: prints what is wrong, without a stack trace, and ends the process. */
export function settingsOrExit(env: NodeJS.ProcessEnv = process.env): Settings {
  try {
    return loadSettings(env);
  } catch (error) {
    return exitOn(error);
  }
}

/** Ends the process with the sentences of a SettingsError; anything else is a mistake of ours, and keeps its stack. */
export function exitOn(error: unknown): never {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

function describe(issues: readonly z.core.$ZodIssue[], given: Record<string, string | undefined>): string[] {
  const firstPerName = new Map(issues.map((issue) => [String(issue.path[0]), issue.message] as const).toReversed());
  return [...firstPerName].toReversed().map(([name, message]) => {
    const secret = settingNotes.get(settingsShape[name as SettingName])?.secret === true;
    return `${name} ${message}${secret ? '' : `, but is ${JSON.stringify(given[name])}`}.`;
  });
}

function missingInProduction(given: Record<string, string | undefined>): string[] {
  return names()
    .filter((name) => settingNotes.get(settingsShape[name])?.inProduction === 'required' && given[name] === undefined)
    .map((name) => `${name} is required in production. ${settingsShape[name].description ?? ''}`);
}

function unknownNames(env: NodeJS.ProcessEnv): string[] {
  const known = new Set<string>(names());
  return Object.keys(env).filter(
    (name) => name.startsWith('HUB_') && !name.startsWith('HUB_TEST_') && !known.has(name),
  );
}

function complete(given: Parsed, mode: 'embedded' | 'production'): Settings {
  const hubStateDir = resolve(projectRoot, given.HUB_STATE_DIR);
  const embedded = {
    database: mode === 'embedded' && given.DATABASE_URL === undefined,
    temporal: mode === 'embedded' && given.TEMPORAL_ADDRESS === undefined,
  };
  const secretsGiven =
    given.PAYLOAD_KEYS !== undefined && given.CONFIG_KEYS !== undefined && given.JWT_PRIVATE_KEY !== undefined;
  const keys = secretsGiven && !embedded.database ? undefined : stateKeys(hubStateDir);
  return {
    hubMode: mode,
    hubStateDir,
    hubTimings: given.HUB_TIMINGS,
    adapterPackages: given.ADAPTER_PACKAGES,
    geoipDatabase: given.GEOIP_DATABASE,
    logLevel: given.LOG_LEVEL,
    port: given.PORT,
    host: given.HOST,
    publicUrl: given.PUBLIC_URL ?? `http://127.0.0.1:${given.PORT}`,
    trustProxy: given.TRUST_PROXY,
    corsOrigins: given.CORS_ORIGINS,
    databaseUrl:
      given.DATABASE_URL ?? `postgres://postgres:${keys?.postgresPassword}@127.0.0.1:${given.PG_PORT}/brokerhub`,
    pgPort: given.PG_PORT,
    dbPoolSize: given.DB_POOL_SIZE,
    temporalAddress: given.TEMPORAL_ADDRESS ?? `127.0.0.1:${given.TEMPORAL_PORT}`,
    temporalNamespace: given.TEMPORAL_NAMESPACE,
    temporalPort: given.TEMPORAL_PORT,
    temporalUiPort: given.TEMPORAL_UI_PORT,
    temporalUiUrl: given.TEMPORAL_UI_URL ?? `http://127.0.0.1:${given.TEMPORAL_UI_PORT}`,
    privateProviders: given.PRIVATE_PROVIDERS ?? (mode === 'embedded' ? 'allow' : 'refuse'),
    temporalUiDecisions: given.TEMPORAL_UI_DECISIONS ?? (mode === 'embedded' ? 'allow' : 'refuse'),
    workerMetricsPort: given.WORKER_METRICS_PORT,
    sandboxPort: given.SANDBOX_PORT,
    sandboxUrl: given.SANDBOX_URL ?? `http://127.0.0.1:${given.SANDBOX_PORT}`,
    adminEmail: given.ADMIN_EMAIL,
    adminPassword: given.ADMIN_PASSWORD,
    accessTokenSeconds: given.ACCESS_TOKEN_SECONDS,
    refreshTokenSeconds: given.REFRESH_TOKEN_SECONDS,
    passwordMemoryKib: given.PASSWORD_MEMORY_KIB,
    passwordPasses: given.PASSWORD_PASSES,
    breachedPasswords:
      given.BREACHED_PASSWORDS === undefined ? undefined : resolve(projectRoot, given.BREACHED_PASSWORDS),
    jwtPrivateKey: given.JWT_PRIVATE_KEY ?? keys?.jwtPrivateKey ?? '',
    payloadKeys: given.PAYLOAD_KEYS ?? keys?.payloadKeys ?? '',
    configKeys: given.CONFIG_KEYS ?? keys?.configKeys ?? '',
    embedded,
  };
}

const names = (): SettingName[] => Object.keys(settingsShape) as SettingName[];
