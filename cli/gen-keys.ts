import { randomBytes } from 'node:crypto';
import { newStateKeys } from '../config/state-keys.ts';

/** `npm run --silent gen:keys`: fresh secrets of one installation, as lines of an .env file. */
const keys = newStateKeys();
const lines = {
  POSTGRES_PASSWORD: keys.postgresPassword,
  ADMIN_PASSWORD: randomBytes(12).toString('base64url'),
  PAYLOAD_KEYS: keys.payloadKeys,
  CONFIG_KEYS: keys.configKeys,
  JWT_PRIVATE_KEY: `'${keys.jwtPrivateKey.trim().replaceAll('\n', '\\n')}'`,
};
for (const [name, value] of Object.entries(lines)) process.stdout.write(`${name}=${value}\n`);
