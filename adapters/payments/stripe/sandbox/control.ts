import type { SandboxThing } from '../../../kit/sandbox.ts';
import { type Account, DAY, SECRETS } from './account.ts';
import { dispute, endDispute, inquire } from './disputes.ts';
import { end, refund, reverse } from './money-out.ts';
import { chargeOf, decline, expire, payLater, paymentOf } from './payments.ts';
import { major, stateOf, type Thing, written } from './thing.ts';

const BUTTONS: Record<string, SandboxThing['buttons']> = {
  'checkout.session open': [
    { caption: 'Pay' },
    { caption: 'Decline', to: 'decline' },
    { caption: 'Expire', to: 'expire' },
  ],
  'checkout.session complete': [
    { caption: 'Refund', to: 'refund' },
    { caption: 'Dispute', to: 'dispute' },
  ],
  'transfer paid': [{ caption: 'Return', to: 'return' }],
  'payout pending': [
    { caption: 'Approve', to: 'approve' },
    { caption: 'Fail', to: 'fail' },
  ],
  'payout paid': [{ caption: 'Return', to: 'return' }],
  'refund succeeded': [{ caption: 'Return', to: 'return' }],
};

/** What people see of it on the sandbox's page. */
export const listed = (account: Account): SandboxThing[] =>
  ['checkout.session', 'transfer', 'payout', 'refund']
    .flatMap((object) => account.all(object))
    .map((one) => ({
      id: one.id,
      kind: one.object === 'checkout.session' ? 'deposit' : one.object,
      title: `${major(one)} ${one.currency.toUpperCase()} for ${one.metadata['hub_reference'] ?? 'nobody'}`,
      state: stateOf(one),
      buttons: BUTTONS[`${one.object} ${stateOf(one)}`] ?? [],
    }));

/** By their id or our reference. */
export const thingOf = (account: Account, id: string): Thing => {
  const { things } = account;
  const ours = ({ metadata }: Thing) => metadata['hub_reference'] === id;
  const thing = things.get(id) ?? [...things.values()].find((one) => one['client_reference_id'] === id || ours(one));
  if (!thing) throw new Error(`Stripe has no '${id.slice(0, 40)}'`);
  return thing;
};

export const shown = (thing: Thing): unknown => JSON.parse(written(thing));

/** `part`: in minor units, where the word names one. */
type Act = (account: Account, thing: Thing, part?: bigint) => void;

const unknownWord: Act = (_account, one) => void (one.status = 'sandbox_word');
const fail: Act = (account, one) => end(account, one, 'failed');
const chargeOfPage = (account: Account, session: Thing): Thing => chargeOf(account, paymentOf(account, session));
const ADVANCE: Record<string, Act> = {
  'checkout.session expire': expire,
  'checkout.session fail': (account, one) => payLater(account, one, false),
  'checkout.session decline': (account, one) => decline(account, paymentOf(account, one), 'generic_decline'),
  'checkout.session refund': (account, one) => void refund(account, paymentOf(account, one)),
  'checkout.session inquiry': (account, one) => inquire(account, chargeOfPage(account, one)),
  'checkout.session dispute': (account, one) => dispute(account, chargeOfPage(account, one), 'needs_response'),
  'checkout.session dispute_won': (account, one) => endDispute(account, chargeOfPage(account, one), 'won'),
  'checkout.session dispute_lost': (account, one) => endDispute(account, chargeOfPage(account, one), 'lost'),
  'checkout.session unknown_word': unknownWord,
  'checkout.session other_amount': (_account, one) => void (one.amount_total! += 1n),
  'transfer return': reverse,
  'transfer other_amount': (_account, one) => void (one.amount += 1n),
  'payout approve': (account, one) => end(account, one, 'paid'),
  'payout fail': fail,
  'payout return': fail,
  'payout unknown_word': unknownWord,
  'refund return': fail,
  'refund unknown_word': unknownWord,
};

const otherCurrency: Act = (account, one) => {
  if (one.payment_intent) otherCurrency(account, account.known(one.payment_intent));
  one.currency = one.currency === 'eur' ? 'usd' : 'eur';
};

/** `to`: a word of the README's table. */
export const advance = (account: Account, id: string, to: string): unknown => {
  if (id === 'settings' && to === 'rotate') {
    account.signedWith = SECRETS.toReversed();
    account.later(DAY, () => (account.signedWith = SECRETS.slice(1)));
    return { signedWith: 'both secrets, for a day' };
  }
  const thing = thingOf(account, id);
  const [word, part] = to.split(':');
  const act = word === 'other_currency' ? otherCurrency : ADVANCE[`${thing.object} ${word}`];
  if (!act) throw new Error(`a ${thing.object} cannot become '${to.slice(0, 40)}'`);
  act(account, thing, part === undefined ? undefined : BigInt(part));
  return shown(thing);
};
