import { createServer } from 'node:net';

/** A port nobody listens on right now, for servers of one test run. */
export async function freePort(): Promise<number> {
  const server = createServer().unref();
  await listen(server, 0, '127.0.0.1');
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('The system gave no TCP port.');
  return address.port;
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
