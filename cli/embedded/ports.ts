import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the ports systems lend to outgoing connections: one of those may be taken again before a server opens it. */
const OURS = { from: 10_000, below: 32_768 };

/** A port nobody listens on right now, for servers of one test run. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(OURS.from, OURS.below);
    const server = createServer().unref();
    const free = await listen(server, port, '127.0.0.1').then(
      () => true,
      () => false,
    );
    if (!free) continue;
    await new Promise((done) => server.close(done));
    return port;
  }
  throw new Error('The system gave no TCP port.');
}

/** Throws a sentence that names the variable to change when somebody already listens there. */
export async function assertPortFree(variable: string, port: number, host = '127.0.0.1'): Promise<void> {
  const server = createServer().unref();
  try {
    await listen(server, port, host);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE')
      throw new Error(`Port ${port} is in use by another program: stop it, or set ${variable} to a free port.`, {
        cause: error,
      });
    throw new Error(`Port ${port} on ${host} cannot be opened (${code}): set ${variable} to another one.`, {
      cause: error,
    });
  }
  await new Promise((done) => server.close(done));
}

function listen(server: ReturnType<typeof createServer>, port: number, host: string): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, host, done);
  });
}
