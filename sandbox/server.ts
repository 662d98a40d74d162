import express, { type NextFunction, type Request, type Response } from 'express';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SandboxModule } from '../adapters/kit/sandbox.ts';
import { SandboxControl } from './control.ts';
import { sendPage } from './pages/layout.ts';
import { mailboxPage, overviewPage, phonePage } from './pages/overview.ts';
import { controlRoutes, vendorRoutes } from './routes.ts';

export interface SandboxServer {
  /** e.g. 'http://127.0.0.1:8090' */
  origin: string;
  port: number;
  close(): Promise<void>;
  /** The control plane of one module, for use in the same process. Throws when there is no such module. */
  module(id: string): SandboxControl;
}

/** Longer than any vendor's own idle limit: sandboxes close idle sockets themselves (MT5 after 180 s). */
const KEEP_ALIVE_MS = 600_000;

/** One server for all sandboxes: `/{id}/…` speaks as the vendor, `/{id}/__sandbox/…` controls it, `/` shows what happened. Port 0: any free one. */
export const startSandboxServer = async (options: {
  port: number;
  host?: string;
  modules: readonly SandboxModule[];
}): Promise<SandboxServer> => {
  const controls = new Map(options.modules.map((module) => [module.id, new SandboxControl(module)]));
  const app = express().disable('x-powered-by').disable('etag');
  for (const [path, content] of [
    ['/', overviewPage],
    ['/mailbox', mailboxPage],
    ['/phone', phonePage],
  ] as const)
    app.get(path, (_req, res) => sendPage(res, content([...controls.values()])));
  for (const [id, control] of controls) {
    const vendor = vendorRoutes(control);
    control.reset();
    app.use(`/${id}/__sandbox`, controlRoutes(control));
    app.use(`/${id}`, vendor);
    const { root } = control.vendor;
    if (root) app.use((req, res, next) => (req.path.startsWith(`${root}/`) ? vendor(req, res, next) : next()));
  }
  app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
    if (!res.headersSent) res.status(500).json({ sandboxError: error.message });
  });

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, options.host ?? '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host === '0.0.0.0' ? '127.0.0.1' : (options.host ?? '127.0.0.1');
  const origin = `http://${host}:${port}`;
  const at = { origin, host: options.host ?? '127.0.0.1', port: options.port === 0 ? 0 : port + 1 };
  const besides = await openBesides(controls, at).catch((error: unknown) => {
    server.close();
    throw error;
  });
  return {
    origin,
    port,
    module: (id) => {
      const control = controls.get(id);
      if (!control) throw new Error(`no sandbox named ${id}`);
      return control;
    },
    close: async () => {
      for (const control of controls.values()) control.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await Promise.all([closed, ...besides.map((one) => one.close())]);
    },
  };
};

/** The servers of vendors that speak no HTTP. */
const openBesides = (
  controls: ReadonlyMap<string, SandboxControl>,
  at: { origin: string; host: string; port: number },
) =>
  Promise.all([...controls.values()].flatMap(({ vendor, desk }) => (vendor.listen ? [vendor.listen(desk, at)] : [])));
