import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Secrets of an embedded hub, made once. Losing the file makes histories and stored credentials unreadable. */
export interface StateKeys {
  payloadKeys: string;
  configKeys: string;
  jwtPrivateKey: string;
  /** Superuser password of the embedded PostgreSQL. */
  postgresPassword: string;
}

/** Reads `<stateDir>/keys.json`, or makes it (mode 0600). Processes that start together agree on one file. */
export function stateKeys(stateDir: string): StateKeys {
  const path = join(stateDir, 'keys.json');
  return read(path) ?? create(stateDir, path);
}

/** Fresh random secrets of one installation. */
export function newStateKeys(): StateKeys {
  return {
    payloadKeys: `p1:${randomBytes(32).toString('base64')}`,
    configKeys: `c1:${randomBytes(32).toString('base64')}`,
    jwtPrivateKey: generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    postgresPassword: randomBytes(18).toString('base64url'),
  };
}

function read(path: string): StateKeys | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as StateKeys;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`${path} cannot be read: restore it from a backup, or begin anew with: npm start -- --fresh`, {
      cause: error,
    });
  }
}

function create(stateDir: string, path: string): StateKeys {
  mkdirSync(stateDir, { recursive: true, mode: 0o711 });
  const keys = newStateKeys();
  // link() refuses to replace: whoever comes second reads the first one's file, and nobody ever reads half a file.
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
  try {
    linkSync(draft, path);
    return keys;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return JSON.parse(readFileSync(path, 'utf8')) as StateKeys;
  } finally {
    rmSync(draft, { force: true });
  }
}
