import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');
const PACKAGES = './test/fixtures/adapter-packages';
const PELLPAY = `${PACKAGES}/pellpay/manifest.ts`;

/** In a process of its own, as the hub's processes are: packages are loaded once, at the start. */
const node = (packages: string, ...args: string[]) =>
  run(process.execPath, args, { cwd: ROOT, env: { ...process.env, NODE_OPTIONS: '', ADAPTER_PACKAGES: packages } });

const evaluate = async (packages: string, code: string): Promise<unknown> =>
  JSON.parse(
    (
      await node(
        packages,
        '--input-type=module',
        '-e',
        `console.log(JSON.stringify(await (async () => { ${code} })()))`,
      )
    ).stdout,
  );

const complaint = async (packages: string): Promise<string> => {
  const { stderr } = await node(packages, 'adapters/installed.ts').catch((error: { stderr: string }) => error);
  return /^Error: .*$/m.exec(stderr)?.[0] ?? '';
};

describe('a provider in a package named by ADAPTER_PACKAGES', () => {
  it('passes the conformance suite as those of this repository do', async () => {
    const { stdout } = await node(PELLPAY, 'test/conformance/main.ts', 'pellpay');
    expect(stdout).toMatch(/\n\d{3} kept, 0 broken, \d not applicable/);
  });

  it('is a connection of the demo brokerage and has a sandbox behind it', async () => {
    const said = await evaluate(
      PELLPAY,
      `const { demoConnections } = await import('./cli/demo-connections.ts');
       const { providers } = await import('./adapters/installed.ts');
       const { lendContext } = await import('./adapters/kit/lend.ts');
       const { startSandboxServer } = await import('./sandbox/server.ts');
       const provider = providers.find(({ id }) => id === 'pellpay');
       const server = await startSandboxServer({ port: 0, modules: [await provider.sandbox()] });
       const connection = (await demoConnections(server.origin)).find((one) => one.provider === 'pellpay');
       const ctx = lendContext(provider, { connectionId: 7, config: connection.config, callbackUrl: server.origin, session: new Map(), allowPrivate: true });
       await provider.adapter.testConnection(ctx);
       const refused = await provider.adapter.testConnection({ ...ctx, config: { ...ctx.config, secret: 'x' } }).catch((error) => error);
       const { HubFailure } = await import('./domain/failures.ts');
       await server.close();
       return { caption: connection.caption, ours: refused instanceof HubFailure, type: refused.type };`,
    );
    expect(said).toEqual({ caption: 'Pellpay', ours: true, type: 'Config' });
  });

  it('has a settings form and a docs section like the others', async () => {
    const said = (await evaluate(
      PELLPAY,
      `const { providers } = await import('./adapters/installed.ts');
       const { settingsSchema } = await import('./adapters/kit/config.ts');
       const { providersPage } = await import('./cli/scaffold/providers-page.ts');
       const provider = providers.find(({ id }) => id === 'pellpay');
       return { form: settingsSchema(provider.config).properties, page: providersPage([provider]) };`,
    )) as { form: unknown; page: string };
    expect(said.form).toMatchObject({ merchantId: { type: 'string' }, secret: { secret: true } });
    expect(said.page).toMatch(/### Pellpay/);
    expect(said.page).toMatch(/`secret` +\| secret +\| required|\| `secret` \| secret \| required/);
  });

  it('holds the price: eight files and 600 lines at most', () => {
    const folder = join(ROOT, PACKAGES, 'pellpay');
    const files = globSync('*', { cwd: folder }).filter((file) => file !== 'package.json');
    const lines = files
      .filter((file) => file.endsWith('.ts'))
      .reduce((sum, file) => sum + readFileSync(join(folder, file), 'utf8').split('\n').length - 1, 0);
    expect(files.length).toBeLessThanOrEqual(8);
    expect(lines).toBeLessThanOrEqual(600);
  });
});

describe('a package that cannot take part stops the start with a sentence that names it', () => {
  it('because it is not there', async () => {
    expect(await complaint('no-such-adapter')).toMatch(
      /^Error: ADAPTER_PACKAGES: 'no-such-adapter' cannot be loaded \(is it installed\? npm install no-such-adapter\)/,
    );
  });

  it('because it breaks while it is loaded', async () => {
    expect(await complaint(`${PACKAGES}/breaks.ts`)).toBe(
      `Error: ADAPTER_PACKAGES: '${PACKAGES}/breaks.ts' cannot be loaded: licence file missing`,
    );
  });

  it('because it exports something else', async () => {
    const said = await complaint(`${PACKAGES}/no-provider.ts`);
    expect(said).toMatch(/what '.*no-provider\.ts' exports by default is no provider: category: Invalid option/);
    expect(said).toMatch(/config: must be a zod schema; adapter: must have testConnection\(\)/);
  });

  it('because its provider is called like another', async () => {
    expect(await complaint(`${PELLPAY}, ${PACKAGES}/takes-a-name.ts`)).toMatch(
      /takes-a-name\.ts' and package '.*pellpay\/manifest\.ts' both have a provider called 'pellpay'$/,
    );
    expect(await complaint(`${PACKAGES}/takes-a-name.ts`)).toMatch(
      /and this repository both have a provider called 'mt5'$/,
    );
  });
});
