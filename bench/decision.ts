import { randomUUID } from 'node:crypto';
import type { Bench, Way } from './figure.ts';
import { callOnce } from './http.ts';
import { oneByOne } from './load.ts';
import { type BenchClient, clientWith, methodNamed, placeRow, reference } from './people.ts';
import { BARE_QUEUE } from './queues.ts';
import { operatorHeaders } from './sign-in.ts';
import type { Stack } from './stack.ts';
import { bareDecide, type bareDecision, type Kind } from './workflows.ts';

/** The time of one differs by a third from that of the next: fewer in a round would tell chance. */
const DECISIONS = 10;
const PARTS = 5;

interface Waiting {
  applicationId: number;
  workflowId: string;
}

/** Payouts that wait for one approval, at a bank: what follows the decision needs no provider. */
const waitingPayouts = async (stack: Stack, { clientId, walletId, currency }: BenchClient): Promise<Waiting[]> => {
  const { id, connectionId } = await methodNamed(stack, 'bank-payout');
  return Promise.all(
    Array.from({ length: DECISIONS }, async () => {
      const transactionId = await placeRow(stack, {
        type: 'withdrawal',
        client_id: clientId,
        debit_account_id: walletId,
        currency,
        amount: '100.00',
        method_id: id,
        connection_id: connectionId,
        reference: reference(),
        data: { iban: 'DE02120300000000202051', accountHolder: 'Ann Lee' },
      });
      await stack.steering.beginMoney('payout', transactionId);
      const { rows } = await stack.pool.query<Waiting>(
        `select id as "applicationId", workflow_id as "workflowId" from application where transaction_id = $1 and status_id = 0`,
        [transactionId],
      );
      return rows[0]!;
    }),
  );
};

const overRest = (stack: Stack, origin: string, headers: Record<string, string>, client: BenchClient): Way => ({
  name: 'ours: POST /applications/{id}/approve',
  round: async () => {
    const waiting = await waitingPayouts(stack, client);
    const path = (applicationId: number) => `/api/v2/applications/${applicationId}/approve`;
    const time = await oneByOne(
      waiting,
      async ({ applicationId }) => {
        const call = { method: 'POST', path: path(applicationId), headers, body: '{}' } as const;
        const { status } = (await callOnce(origin, call, 200)) as { status: string };
        if (status !== 'approved') throw new Error(`request ${applicationId} is ${status}`);
      },
      // What the decision sets going must not disturb the next one.
      async ({ workflowId }) => {
        const { stage } = (await stack.client.workflow.getHandle(workflowId).result()) as { stage: string };
        if (stage !== 'done') throw new Error(`${workflowId} ended as ${stage}`);
      },
    );
    return time;
  },
});

const bare = ({ client }: Stack, activity: Kind | 'none'): Way => ({
  name: activity === 'none' ? 'bare Update' : `bare Update, one empty ${activity} activity`,
  round: async () => {
    const ids = Array.from({ length: DECISIONS }, () => `bare-decision:${randomUUID()}`);
    await Promise.all(
      ids.map((workflowId) =>
        client.workflow.start<typeof bareDecision>('bareDecision', { taskQueue: BARE_QUEUE, workflowId, args: [] }),
      ),
    );
    return oneByOne(
      ids,
      (id) =>
        client.workflow
          .getHandle(id)
          .executeUpdate(bareDecide, { args: [{ decision: 'approve', activity }], updateId: randomUUID() }),
      (id) => client.workflow.getHandle(id).result(),
    );
  },
});

export const decisionBench: Bench = {
  name: 'decision',
  setUp: async (stack) => {
    const origin = await stack.api();
    const headers = await operatorHeaders(stack);
    const client = await clientWith(stack, '10000000', 'USD');
    const update = bare(stack, 'none');
    return [
      {
        name: 'Approval, one at a time',
        unit: 'ms, median of a round',
        ours: overRest(stack, origin, headers, client),
        references: [update, bare(stack, 'local'), bare(stack, 'regular')],
        targets: [{ against: update.name, atMost: 1.5 }],
        warmUps: 4,
        parts: PARTS,
        notes: async () => [
          'The answer waits until the Update is durable and the decision is in the books, written there by the API itself (decision 0016).',
        ],
      },
    ];
  },
};
