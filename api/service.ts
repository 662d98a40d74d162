import { z } from 'zod';
import { HUB_QUEUE } from '../domain/queues.ts';
import type { ApiDeps } from './deps.ts';
import { type Procedure, procedure } from './kit/procedure.ts';

/** A poll lasts up to a minute; a worker that was not seen for longer is gone. */
const SEEN_WITHIN_MS = 75_000;
const PATIENCE_MS = 2_000;

const Ready = z.object({ ready: z.boolean(), missing: z.array(z.enum(['database', 'temporal', 'worker'])) });

const PublishedKey = z
  .object({
    kty: z.literal('OKP'),
    crv: z.literal('Ed25519'),
    x: z.string(),
    kid: z.string(),
    use: z.literal('sig'),
    alg: z.literal('EdDSA'),
  })
  .meta({ id: 'PublishedKey' });

/** GET /livez and /readyz, for load balancers and scripts; the keys of our access tokens, for whoever checks them. */
export const serviceProcedures = (deps: ApiDeps): Procedure[] => [
  procedure('GET /livez', {
    summary: 'The process is alive',
    tags: ['Service'],
    access: 'public',
    root: true,
    answer: z.object({ alive: z.literal(true) }),
    handle: () => Promise.resolve({ alive: true as const }),
  }),
  procedure('GET /readyz', {
    summary: 'Database, Temporal and a worker are there',
    description:
      'Answers 503 with the same body and what is missing otherwise. A database that takes no writes is missing; a worker that died is seen to be missing after a minute.',
    tags: ['Service'],
    access: 'public',
    root: true,
    answer: Ready,
    statusOf: ({ ready }) => (ready ? 200 : 503),
    alsoAnswers: [503],
    handle: async () => {
      const [database, [temporal, worker]] = await Promise.all([within(databaseIsThere(deps)), workerIsThere(deps)]);
      const missing = [
        ...(database ? [] : ['database' as const]),
        ...(temporal ? [] : ['temporal' as const]),
        ...(worker ? [] : ['worker' as const]),
      ];
      return { ready: missing.length === 0, missing };
    },
  }),
  procedure('GET /.well-known/jwks.json', {
    summary: 'Public keys of access tokens',
    description:
      'JWK set (RFC 7517). A token names its key as `kid`; a new key stands here for a minute before it signs.',
    tags: ['Service'],
    access: 'public',
    root: true,
    answer: z.object({ keys: z.array(PublishedKey) }),
    handle: async ({ req }) => {
      const keys = await deps.tokenKeys.published();
      req.res!.setHeader('Cache-Control', 'public, max-age=30');
      return { keys };
    },
  }),
];

const within = (check: Promise<boolean>): Promise<boolean> =>
  Promise.race([
    check.catch(() => false),
    new Promise<boolean>((done) => setTimeout(() => done(false), PATIENCE_MS).unref()),
  ]);

const databaseIsThere = async ({ pool }: ApiDeps): Promise<boolean> => {
  // A standby, which a primary may become, answers and is of no use.
  const { rows } = await pool.query<{ writable: boolean }>(
    `select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off' as writable`,
  );
  return rows[0]!.writable;
};

const workerIsThere = async ({ temporal, settings }: ApiDeps): Promise<[temporal: boolean, worker: boolean]> => {
  let worker = false;
  const answered = await within(
    (async () => {
      const asked = { namespace: settings.temporalNamespace, taskQueue: { name: HUB_QUEUE }, taskQueueType: 1 };
      // A deadline of its own: the client would go on retrying long after we have answered.
      const { pollers } = await temporal.client.withDeadline(Date.now() + PATIENCE_MS - 500, () =>
        temporal.client.workflowService.describeTaskQueue(asked),
      );
      worker = (pollers ?? []).some(
        (poller) => Date.now() - Number(poller.lastAccessTime?.seconds ?? 0) * 1000 < SEEN_WITHIN_MS,
      );
      return true;
    })(),
  );
  return [answered, answered && worker];
};
