import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import proto from '@temporalio/proto';
import { NativeConnection, Worker } from '@temporalio/worker';
import { type AuditRow, auditContent } from '../../db/audit-content.ts';
import { createCodec } from '../../worker/codec.ts';
import { eventually, TestHub } from '../kit/hub.ts';
import { unbegunPayout } from '../kit/unbegun-payout.ts';
import { workflowBundle } from '../kit/workflow-bundle.ts';

const { TimeoutType } = proto.temporal.api.enums.v1;

let hub: TestHub;
let olga: number;

beforeAll(async () => {
  hub = await TestHub.start();
  olga = await hub.operator();
});
afterAll(() => hub?.stop());

let sweeps = 0;
const sweep = () => hub.client.workflow.execute('sweep', { workflowId: `sweep-${++sweeps}`, taskQueue: 'hub' });

describe('the sweep', () => {
  it('starts an order whose API died between writing it and starting its run', async () => {
    const { client, payout } = await unbegunPayout(hub, { create_time: new Date(Date.now() - 60_000) });
    expect(await sweep()).toMatchObject({ started: 1 });
    await hub.decide(payout, olga, 'approve');
    await hub.reaches(payout, 'done');
    expect(await sweep()).toMatchObject({ started: 0 });
    expect(await client.balance()).toEqual({ balance: '75', held: '0' });
  });

  it('does the rest when one part fails, and fails at the end so that somebody looks', async () => {
    await hub.pool.query(`insert into audit (actor, action, object) values ('test', 'test', 'test')`);
    const unsealed = () => hub.one<{ n: number }>(`select count(*)::int as n from audit where seq is null`);
    await hub.pool.query(`alter table webhook rename to webhook_away`);
    const failed = await sweep().catch((error: unknown) => error);
    await hub.pool.query(`alter table webhook_away rename to webhook`);
    expect(failed).toMatchObject({
      cause: { message: expect.stringContaining('Delivering callbacks that wait: the database refused: 42P01') },
    });
    expect(await unsealed()).toEqual({ n: 0 });
  });

  it('starts the others where one cannot be started', async () => {
    const { connection } = await hub.methodId('usdt-payout');
    // Temporal takes no id of more than a thousand characters.
    const { rows } = await hub.pool.query<{ id: number }>(
      `insert into reconciliation (connection_id, window_from, window_to, workflow_id, create_time)
       select $1, now() - interval '2 hours', now() - make_interval(mins => n), 'reconciliation:test:' || repeat('x', 2000 * (2 - n)) || n, now() - interval '1 minute'
         from generate_series(1, 2) as n order by n returning id`,
      [connection],
    );
    const [bad, good] = rows.map(({ id }) => id);
    const started = async (id: number | undefined) =>
      (await hub.one<{ is: boolean }>(`select workflow_started as is from reconciliation where id = $1`, [id])).is;
    expect(await sweep()).toMatchObject({ started: 1 });
    await eventually(() => started(good), 'the other one to be started');
    expect(await started(bad)).toBe(false);
    await hub.ends('reconciliation:test:2');
    await hub.pool.query(`delete from reconciliation where id = $1`, [bad]);
  });

  it('drops records of sign-ins after a year', async () => {
    const { clientId } = await hub.clientWith('0.00', 'EUR');
    await hub.pool.query(
      `insert into authorization_record (client_id, status, ip, create_time)
       select $1, 'success', '192.0.2.1', now() - make_interval(days => days) from unnest(array[1, 364, 367]) as days`,
      [clientId],
    );
    await sweep();
    const left = await hub.pool.query(`select from authorization_record where client_id = $1`, [clientId]);
    expect(left.rowCount).toBe(2);
  });

  it('chains the audit so that a missing or changed row shows', async () => {
    await sweep();
    const { rows } = await hub.pool.query<AuditRow & { seq: string; previous_hash: Buffer; hash: Buffer }>(
      `select * from audit where seq is not null order by seq`,
    );
    expect(rows.length).toBeGreaterThan(3);
    let previous = Buffer.alloc(32);
    for (const [index, row] of rows.entries()) {
      expect(row.seq).toBe(String(index + 1));
      expect(row.previous_hash.equals(previous)).toBe(true);
      expect(
        createHash('sha256')
          .update(previous)
          .update(auditContent(BigInt(row.seq), row))
          .digest()
          .equals(row.hash),
      ).toBe(true);
      previous = Buffer.from(row.hash);
    }
    await expect(hub.pool.query(`update audit set actor = 'nobody' where seq = 1`)).rejects.toMatchObject({
      code: 'LG000',
    });
    await expect(hub.pool.query(`delete from audit where seq = 1`)).rejects.toMatchObject({ code: 'LG000' });
  });
});

describe('a worker that stops and comes back', () => {
  it('finishes what ran', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await hub.reaches(payout, 'awaiting_approval');
    await hub.pause();
    const decided = hub.decide(payout, olga, 'approve');
    await hub.resume();
    await decided;
    await hub.reaches(payout, 'done');
  });
});

describe('a worker that dies in the middle of the sweep', () => {
  it('is noticed by its silence, long before the step would be over its time', async () => {
    await hub.pause();
    const running = await hub.client.workflow.start('sweep', { workflowId: `sweep-${++sweeps}`, taskQueue: 'hub' });
    await takeActivity();
    await hub.resume();
    await running.result();
    const { events } = await running.fetchHistory();
    const [begun] = (events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) => started ?? []);
    expect(begun).toMatchObject({
      lastFailure: { timeoutFailureInfo: { timeoutType: TimeoutType.TIMEOUT_TYPE_HEARTBEAT } },
    });
  });

  /** Takes the first step of a run, and is never heard of again. */
  const takeActivity = async (): Promise<void> => {
    const { temporalAddress: address, temporalNamespace: namespace, payloadKeys } = hub.settings;
    const connection = await NativeConnection.connect({ address });
    const orders = await Worker.create({
      connection,
      namespace,
      taskQueue: 'hub',
      workflowBundle: await workflowBundle(),
      dataConverter: { payloadCodecs: [createCodec(payloadKeys)] },
    });
    await orders.runUntil(async () => {
      const { activityType } = await hub.client.withDeadline(Date.now() + 30_000, () =>
        hub.client.workflowService.pollActivityTaskQueue({ namespace, taskQueue: { name: 'hub' }, identity: 'dies' }),
      );
      expect(activityType?.name).toBe('startWaiting');
    });
    await connection.close();
  };
});
