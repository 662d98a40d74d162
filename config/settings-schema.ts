import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';

/** What the settings table says beside each variable; `inProduction: 'required'` also drives the check at start. */
export interface SettingNote {
  /** Never shown, not even when it is wrong. */
  secret?: boolean;
  inProduction?: 'required';
  /** How the default reads in the table when it depends on other settings. */
  defaultText?: string;
}

export const settingNotes = z.registry<SettingNote>();

const wholeNumber = (least: number, most: number, what: string) =>
  z
    .string()
    .regex(/^\d{1,10}$/, what)
    .transform(Number)
    .refine((n) => n >= least && n <= most, what);

const port = () => wholeNumber(1, 65_535, 'must be a port number from 1 to 65535');
const count = (least: number, most: number) =>
  wholeNumber(least, most, `must be a whole number from ${least} to ${most}`);
const choice = <const T extends readonly [string, ...string[]]>(words: T) =>
  z.enum(words, `must be one of ${words.join(', ')}`);

const url = (protocols: string[], what: string) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), what);
const webUrl = () =>
  url(['http:', 'https:'], 'must be an http or https address').transform((text) => text.replace(/\/+$/, ''));

const isOrigin = (text: string): boolean =>
  /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
const origins = () =>
  z
    .string()
    .transform((text) => text.split(',').map((one) => one.trim()))
    .refine((all) => all.every(isOrigin), 'must be origins such as https://app.broker.example, separated by commas');

const KEY_RING =
  'must be id:key[,id:key…] with ids of letters, digits, _ and -, each once, and keys of 32 bytes in base64';
const keyRing = () => z.string().refine(isKeyRing, KEY_RING);

function isKeyRing(text: string): boolean {
  const entries = text.split(',').map((entry) => /^([\w-]{1,32}):([A-Za-z0-9+/]{43}=)$/.exec(entry));
  const ids = entries.map((entry) => entry?.[1]);
  return !ids.includes(undefined) && new Set(ids).size === ids.length;
}

/** Process managers and compose files often cannot carry line breaks, so `\n` written out is accepted too. */
const ed25519Pem = () =>
  z
    .string()
    .transform((text) => text.replaceAll('\\n', '\n'))
    .refine(isEd25519, 'must be an Ed25519 private key as PKCS#8 PEM (openssl genpkey -algorithm ed25519)');

function isEd25519(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}

/** Every environment variable the product reads, in the order of the table in docs/settings.md. */
export const settingsShape = {
  HUB_MODE: choice(['embedded', 'production'])
    .optional()
    .register(settingNotes, { defaultText: '`embedded`; `production` when NODE_ENV is production' })
    .describe(
      '`embedded` brings its own services, keys and demo data; `production` brings nothing and guesses nothing.',
    ),
  HUB_STATE_DIR: z
    .string()
    .default('.state')
    .describe('Folder of everything embedded mode keeps: database, Temporal file, keys. Relative to the project.'),
  HUB_TIMINGS: choice(['normal', 'quick'])
    .default('normal')
    .describe(
      '`quick` shortens every wait of the money workflows to fractions of a second, for fault campaigns; never in production.',
    ),
  ADAPTER_PACKAGES: z
    .string()
    .regex(/^[^,\s]*(,\s*[^,\s]+)*$/, 'must be names of packages, separated by commas')
    .default('')
    .register(settingNotes, { defaultText: 'none' })
    .describe(
      'npm packages (or paths) with further providers: each exports a manifest, or a list of them, as its default.',
    ),
  GEOIP_DATABASE: z
    .string()
    .optional()
    .register(settingNotes, { defaultText: 'none' })
    .describe(
      'Path of a GeoLite2-City or GeoLite2-Country database (.mmdb): the history of sign-ins and the devices of clients then say country and city.',
    ),
  LOG_LEVEL: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('Least important log line that is still written.'),

  PORT: port().default(8080).describe('Port of the API.'),
  HOST: z
    .string()
    .default('127.0.0.1')
    .describe('Address the API and the sandboxes listen on; `0.0.0.0` in containers.'),
  PUBLIC_URL: webUrl()
    .optional()
    .register(settingNotes, { defaultText: '`http://127.0.0.1:PORT`' })
    .describe('How the world reaches the API: base of webhook addresses and of the codec endpoint.'),

  CORS_ORIGINS: origins()
    .default([])
    .register(settingNotes, { defaultText: 'none' })
    .describe(
      'Origins of web apps whose scripts may call the API from a browser, separated by commas: `https://app.broker.example`. Apps of the same origin need none.',
    ),

  TRUST_PROXY: count(0, 10)
    .default(0)
    .describe('How many load balancers stand in front of the API; their X-Forwarded-For tells who calls.'),

  DATABASE_URL: url(['postgres:', 'postgresql:'], 'must be a postgres:// address')
    .optional()
    .register(settingNotes, { secret: true, inProduction: 'required', defaultText: 'embedded PostgreSQL on `PG_PORT`' })
    .describe('PostgreSQL to use; nothing is embedded then.'),
  PG_PORT: port().default(5433).describe('Port of the embedded PostgreSQL.'),
  DB_POOL_SIZE: count(1, 200).default(10).describe('Most database connections of one process.'),

  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s/:]+:\d{1,5}$|^\[[^\s\]]+\]:\d{1,5}$/, 'must be host:port')
    .optional()
    .register(settingNotes, { inProduction: 'required', defaultText: 'embedded dev server on `TEMPORAL_PORT`' })
    .describe('Temporal server (host:port) to use; nothing is embedded then.'),
  TEMPORAL_NAMESPACE: z.string().default('default').describe('Temporal namespace of all workflows.'),
  TEMPORAL_PORT: port().default(7233).describe('Port of the embedded Temporal server.'),
  TEMPORAL_UI_PORT: port().default(8233).describe('Port of the Web UI of the embedded Temporal server.'),
  TEMPORAL_UI_URL: webUrl()
    .optional()
    .register(settingNotes, { defaultText: '`http://127.0.0.1:TEMPORAL_UI_PORT`' })
    .describe('Where operators open Temporal UI: links point there, and the codec endpoint lets that origin in.'),
  PRIVATE_PROVIDERS: choice(['allow', 'refuse'])
    .optional()
    .register(settingNotes, { defaultText: '`allow` in embedded mode, `refuse` in production' })
    .describe(
      'Whether connections may lead to private and loopback addresses: sandboxes, a trading server in the same network.',
    ),
  TEMPORAL_UI_DECISIONS: choice(['allow', 'refuse'])
    .optional()
    .register(settingNotes, { defaultText: '`allow` embedded, `refuse` in production' })
    .describe('Whether approvals and refusals sent from Temporal UI count; that UI does not tell us who clicked.'),
  WORKER_METRICS_PORT: count(0, 65_535).default(0).describe("Port of a worker's Prometheus metrics; 0 serves none."),

  SANDBOX_PORT: port()
    .default(8090)
    .describe("Port of the providers' sandboxes; their mail server takes the next one."),
  SANDBOX_URL: webUrl()
    .optional()
    .register(settingNotes, { defaultText: '`http://127.0.0.1:SANDBOX_PORT`' })
    .describe('Where the API and the workers reach the sandboxes.'),

  ADMIN_EMAIL: z
    .string()
    .regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address')
    .default('admin@brokerhub.local')
    .describe('E-mail of the first Back Office user, made when there is none.'),
  ADMIN_PASSWORD: z
    .string()
    .min(8, 'must have at least 8 characters')
    .optional()
    .register(settingNotes, { secret: true, defaultText: 'generated and shown once' })
    .describe('Password of that user.'),
  ACCESS_TOKEN_SECONDS: count(10, 86_400).default(1200).describe('Life of an access token.'),
  REFRESH_TOKEN_SECONDS: count(60, 31_536_000).default(2_592_000).describe('Life of a refresh token.'),

  PASSWORD_MEMORY_KIB: count(8, 4_194_304)
    .default(19_456)
    .describe(
      'Memory of one argon2id hash of a password, in KiB. Hashes of another cost are made anew at the next sign-in.',
    ),
  PASSWORD_PASSES: count(1, 100).default(2).describe('Passes of argon2id over that memory.'),
  BREACHED_PASSWORDS: z
    .string()
    .optional()
    .register(settingNotes, { defaultText: 'none' })
    .describe(
      'Passwords nobody may choose any more: a file of SHA-1 hashes in order, or a folder of files named by their first five digits, as Have I Been Pwned gives them.',
    ),

  JWT_PRIVATE_KEY: ed25519Pem()
    .optional()
    .register(settingNotes, { secret: true, inProduction: 'required', defaultText: 'generated into `HUB_STATE_DIR`' })
    .describe(
      'Signs access tokens until `npm run keys -- rotate-tokens` made another key: Ed25519, PKCS#8 PEM; line breaks may be written as `\\n`.',
    ),
  PAYLOAD_KEYS: keyRing()
    .optional()
    .register(settingNotes, { secret: true, inProduction: 'required', defaultText: 'generated into `HUB_STATE_DIR`' })
    .describe('AES-256 keys of workflow histories, `id:base64[,id:base64]`; the first encrypts, all decrypt.'),
  CONFIG_KEYS: keyRing()
    .optional()
    .register(settingNotes, { secret: true, inProduction: 'required', defaultText: 'generated into `HUB_STATE_DIR`' })
    .describe("AES-256 keys of the connections' credentials, same form."),
};

export const settingsSchema = z.object(settingsShape);
export type SettingName = keyof typeof settingsShape;
