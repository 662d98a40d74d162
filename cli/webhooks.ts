import { settingsOrExit } from '../config/settings.ts';
import { createPool } from '../db/pool.ts';
import { loadWebhook } from '../db/repositories/webhooks.ts';
import { replayWebhook } from '../api/webhooks/replay.ts';
import { setWebhookAside } from '../api/webhooks/set-aside.ts';
import { connectTemporal } from '../worker/client.ts';
import { lendTools } from '../worker/tools.ts';

/** `npm run webhooks -- list [status] | show 12 | replay 12 … | park 12 … | ignore 12 …`: callbacks of providers, from the command line. */
const USAGE = `npm run webhooks -- list [received|parked|delivered|ignored|failed|rejected]
npm run webhooks -- show <id>
npm run webhooks -- replay <id> [<id> …]
npm run webhooks -- park|ignore <id> [<id> …]`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const [command, ...args] = process.argv.slice(2);
const ids = args.filter((arg) => /^\d{1,18}$/.test(arg));
const settings = settingsOrExit();
const pool = createPool(settings.databaseUrl, 2);

const list = async (): Promise<void> => {
  const { rows } = await pool.query<Record<string, string>>(
    `select id, connection_id, status, copies, coalesce(workflow_id, '') as workflow_id, coalesce(reason, '') as reason, to_char(create_time, 'YYYY-MM-DD HH24:MI:SS') as came
       from webhook where $1::text is null or status = $1 order by id desc limit 50`,
    [args[0] ?? null],
  );
  for (const { id, connection_id: connection, status, copies, came, workflow_id: to, reason } of rows) {
    say(`${id}  ${came}  connection ${connection}  ${status}  ×${copies}  ${to}${reason}`);
  }
  if (rows.length === 0) say('None.');
};

const show = async (id: string): Promise<void> => {
  const webhook = await loadWebhook(pool, id);
  if (!webhook) throw new Error(`there is no webhook ${id}`);
  say(`${webhook.id}  connection ${webhook.connectionId}  ${webhook.status}`);
  for (const [name, value] of Object.entries(webhook.headers)) say(`${name}: ${value}`);
  say('');
  say(webhook.body.toString('utf8'));
};

const replay = async (): Promise<void> => {
  const temporal = connectTemporal(settings);
  try {
    const tools = lendTools(settings, pool, temporal.client);
    for (const id of ids) {
      const { status } = await replayWebhook(tools, id, { actor: 'system' });
      say(`${id}  ${status}`);
    }
  } finally {
    await temporal.connection.close();
  }
};

try {
  if (command === 'list') await list();
  else if (command === 'show' && ids.length === 1) await show(ids[0]!);
  else if (command === 'replay' && ids.length > 0 && ids.length === args.length) await replay();
  else if ((command === 'park' || command === 'ignore') && ids.length > 0 && ids.length === args.length) {
    const as = command === 'park' ? 'parked' : 'ignored';
    for (const id of ids) {
      await setWebhookAside(pool, id, as, { actor: 'system' });
      say(`${id}  ${as}`);
    }
  } else {
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = 2;
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await pool.end();
}
