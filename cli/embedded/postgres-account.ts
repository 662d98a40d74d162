import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, renameSync, rmSync, statSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

export interface Account {
  uid: number;
  gid: number;
}

/** How PostgreSQL programs are run here: where they are, and as whom. */
export interface PostgresPrograms {
  folder: string;
  account: Account | undefined;
  /** Command line that starts `program` as that account, able to reach the data folder. */
  command(
    program: 'initdb' | 'postgres',
    args: readonly string[],
  ): { command: string; args: string[]; account: Account | undefined };
}

/**
 * PostgreSQL refuses to run as root, so root lends it the `postgres` account. A clone below a private folder such as /root is closed to
 * that account: then the programs are copied to the temporary folder and the server keeps one capability, DAC_OVERRIDE, to reach its data.
 */
export function postgresPrograms(binaries: string, dataParent: string): PostgresPrograms {
  if (process.getuid?.() !== 0) {
    return {
      folder: binaries,
      account: undefined,
      command: (program, args) => ({ command: join(binaries, program), args: [...args], account: undefined }),
    };
  }
  const account = findOrCreateAccount();
  if (mayEnter(binaries, account) && mayEnter(dataParent, account)) {
    return {
      folder: binaries,
      account,
      command: (program, args) => ({ command: join(binaries, program), args: [...args], account }),
    };
  }
  const folder = mayEnter(binaries, account) ? binaries : publicCopy(binaries);
  const setpriv = ['--reuid', String(account.uid), '--regid', String(account.gid), '--clear-groups'];
  const capability = ['--inh-caps', '+dac_override', '--ambient-caps', '+dac_override', '--'];
  if (spawnSync('setpriv', [...setpriv, ...capability, 'true']).status !== 0) {
    throw new Error(
      `The postgres account cannot reach ${dataParent}: move the project or HUB_STATE_DIR out of the private folder, or set DATABASE_URL.`,
    );
  }
  return {
    folder,
    account,
    command: (program, args) => ({
      command: 'setpriv',
      args: [...setpriv, ...capability, join(folder, program), ...args],
      account: undefined,
    }),
  };
}

function findOrCreateAccount(): Account {
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    try {
      execFileSync('groupadd', ['--system', 'postgres'], { stdio: 'ignore' });
      execFileSync('useradd', ['--system', '--no-create-home', '-g', 'postgres', 'postgres'], { stdio: 'ignore' });
      return { uid: id('-u'), gid: id('-g') };
    } catch (error) {
      throw new Error(
        'PostgreSQL does not run as root and no postgres account could be made: run as another user, or set DATABASE_URL.',
        {
          cause: error,
        },
      );
    }
  }
}

const mayEnter = (folder: string, account: Account): boolean =>
  spawnSync('test', ['-x', join(folder, '.')], account).status === 0;

function publicCopy(binaries: string): string {
  const native = dirname(binaries);
  const stamp = `${basename(dirname(native))}-${Math.trunc(statSync(join(binaries, 'postgres')).mtimeMs)}`;
  const target = join(tmpdir(), `brokerhub-postgres-${stamp}`);
  if (!existsSync(target)) {
    const draft = mkdtempSync(`${target}.`);
    chmodSync(draft, 0o755);
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(draft, target);
    } catch {
      rmSync(draft, { recursive: true, force: true }); // another process was first
    }
  }
  if (statSync(target).uid !== 0) throw new Error(`${target} belongs to somebody else: remove it.`);
  return join(target, 'bin');
}
