import type { TestClient, TestHub } from './hub.ts';

/** A payout of 25 out of 100 that is written down and has not begun. */
export const unbegunPayout = async (
  hub: TestHub,
  columns: { create_time?: Date } = {},
): Promise<{ client: TestClient; payout: number }> => {
  const client = await hub.clientWith('100', 'USDT');
  const { id, connection } = await hub.methodId('usdt-payout');
  const payout = await hub.order(
    {
      type: 'withdrawal',
      client_id: client.clientId,
      debit_account_id: client.wallet,
      currency: 2145,
      amount: '25',
      method_id: id,
      connection_id: connection,
      data: { address: 'TXYZtestaddress0000000000000000001' },
      ...columns,
    },
    false,
  );
  return { client, payout };
};

/** The same, whose row somebody else has locked. */
export const lockedPayout = async (hub: TestHub) => {
  const { payout } = await unbegunPayout(hub);
  const locker = await hub.pool.connect();
  await locker.query('begin');
  await locker.query(`select from money_transaction where transaction_id = $1 for update`, [payout]);
  const unlock = async (): Promise<void> => {
    await locker.query('commit');
    locker.release();
  };
  return { payout, unlock };
};
