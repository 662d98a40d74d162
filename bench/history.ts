import { randomUUID } from 'node:crypto';
import { clientWith, methodNamed, placeRow, reference } from './people.ts';
import type { Stack } from './stack.ts';

/** How long the histories of payouts are: one approved by a person, through the bank and through a provider that needs time. */
export const payoutEvents = async (stack: Stack): Promise<string[]> => {
  await stack.api(); // the provider calls when it is done
  stack.sandboxes.module('b2binpay').setCallbacks('normal');
  const bank = await run(stack, 'bank-payout', 'USD', { iban: 'DE02120300000000202051', accountHolder: 'Ann Lee' });
  const coins = await run(stack, 'usdt-payout', 'USDT', { address: 'TXYZtestaddress0000000000000000001' });
  return [`History events of a payout with one approval: by bank ${bank}, through a provider that calls back ${coins}`];
};

const run = async (stack: Stack, method: string, currency: string, data: Record<string, string>): Promise<number> => {
  const { pool, steering, client: temporal } = stack;
  const client = await clientWith(stack, '1000', currency);
  const { id, connectionId } = await methodNamed(stack, method);
  const transactionId = await placeRow(stack, {
    type: 'withdrawal',
    client_id: client.clientId,
    debit_account_id: client.walletId,
    currency: client.currency,
    amount: '100.00',
    method_id: id,
    connection_id: connectionId,
    reference: reference(),
    data,
  });
  await steering.beginMoney('payout', transactionId);
  const { rows } = await pool.query<{ id: number }>(`select min(id) as id from hub_user`);
  const { rows: requests } = await pool.query<{ id: number }>(`select id from application where transaction_id = $1`, [
    transactionId,
  ]);
  const applicationId = requests[0]!.id;
  const handle = temporal.workflow.getHandle(`payout:${transactionId}`);
  await steering.decide(handle.workflowId, { decision: 'approve', by: rows[0]!.id, applicationId }, randomUUID());
  const { stage } = (await handle.result()) as { stage: string };
  if (stage !== 'done') throw new Error(`payout ${transactionId} ended as ${stage}`);
  return (await handle.describe()).historyLength;
};
