import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { forgetProcess, recordProcess, stopProcess } from './process-record.ts';

/** A server process of ours that is up. */
export interface RunningService {
  pid: number;
  /** Settles when the process has ended, for whatever reason, with a few words about how. */
  exited: Promise<string>;
  stop(): Promise<void>;
}

export interface ServiceCommand {
  name: string;
  stateDir: string;
  command: string;
  args: readonly string[];
  /** Printed by the server once it serves. */
  readyLine: string;
  stopSignal: NodeJS.Signals;
  readyWithinMs: number;
  /** Account to run as; only root can choose. */
  account?: { uid: number; gid: number } | undefined;
}

/**
 * Starts a server and waits until it says it is ready. It gets a session of its own, so that Ctrl-C reaches only us and the order
 * of stopping stays ours; and it writes to a file, so that it survives our sudden death with its state intact.
 */
export async function startService(service: ServiceCommand): Promise<RunningService> {
  const log = join(service.stateDir, `${service.name}.log`);
  if (existsSync(log)) renameSync(log, `${log}.1`);
  const output = openSync(log, 'w');
  const child = spawn(service.command, service.args, {
    detached: true,
    stdio: ['ignore', output, output],
    ...service.account,
  });
  closeSync(output);

  let ended: string | undefined;
  const exited = new Promise<string>((done) => {
    child.once('error', (error) => done(error.message));
    child.once('exit', (code, signal) => done(signal === null ? `exit code ${code}` : signal));
  }).then((how) => {
    ended = how;
    forgetProcess(service.stateDir, service.name);
    return how;
  });

  const pid = child.pid;
  if (pid === undefined) throw new Error(`${service.name} cannot be started: ${await exited}`);
  recordProcess(service.stateDir, service.name, pid);
  const stop = async (): Promise<void> => {
    if (ended === undefined) await stopProcess(pid, service.stopSignal);
    await exited;
  };

  const deadline = Date.now() + service.readyWithinMs;
  while (!readFileSync(log, 'utf8').includes(service.readyLine)) {
    if (ended !== undefined) throw new Error(`${service.name} ended while starting (${ended}):\n${lastLines(log)}`);
    if (Date.now() > deadline) {
      await stop();
      throw new Error(`${service.name} was not ready after ${service.readyWithinMs / 1000} s:\n${lastLines(log)}`);
    }
    await sleep(20);
  }
  return { pid, exited, stop };
}

const lastLines = (path: string): string => readFileSync(path, 'utf8').trimEnd().split('\n').slice(-8).join('\n');
