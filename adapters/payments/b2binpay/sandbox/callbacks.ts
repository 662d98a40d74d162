import type { SandboxDesk, SandboxMessage } from '../../../kit/sandbox.ts';
import { callbackKey, callbackSign } from '../webhook.ts';
import { renderCurrency, renderDeposit, renderPayout, renderTransfer, stamp } from './render.ts';
import { CREDENTIALS, type Deposit, type Payout, type State, type Transfer } from './state.ts';

const minutes = (n: number) => n * 60_000;
/** Their interval and cap are not published. */
const RETRIES = [minutes(1), minutes(5), minutes(15), minutes(60), minutes(360), minutes(1440)];
const A_WEEK = 7 * minutes(1440);

/** Tells the merchant about `of`: signed when a transfer is told of, with no signature at all when none is. */
export const tell = (desk: SandboxDesk, state: State, of: Deposit | Payout, transfer: Transfer | null): void => {
  if (of.callbackUrl === null || transfer?.silent) return;
  const write = message(state, of, transfer);
  const now = desk.now();
  desk.callback({
    url: of.callbackUrl,
    message: write(now, true),
    forge: () => write(now, false),
    stale: () => write(now - A_WEEK, true),
    retryDelaysMs: RETRIES,
    answerWithinMs: 10_000,
  });
};

/** The message as of now; its time and signature are put in when it is written. */
const message = (state: State, of: Deposit | Payout, transfer: Transfer | null) => {
  const { relationships, ...about } = of.kind === 'deposit' ? renderDeposit(state, of) : renderPayout(state, of);
  const told = transfer && renderTransfer(transfer);
  const currency = transfer?.currency ?? of.currency;
  const data = {
    ...about,
    relationships: { ...relationships, ...(told && { transfer: { data: { type: 'transfer', id: told.id } } }) },
  };
  const included = [...(currency ? [renderCurrency(currency)] : []), ...(told ? [told] : [])];
  const key = callbackKey({ ...CREDENTIALS, version: of.version, callbackKeyMode: undefined });

  return (at: number, honest: boolean): SandboxMessage => {
    const time = stamp(at);
    const sign =
      told &&
      callbackSign(honest ? key : Buffer.from('somebody else'), {
        status: String(told.attributes.status),
        amount: told.attributes.amount,
        trackingId: of.trackingId ?? '',
        time,
      });
    return {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ data, included, meta: { time, ...(sign && { sign }) } }),
    };
  };
};
