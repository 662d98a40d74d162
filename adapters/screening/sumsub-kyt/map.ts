import { notOurs } from '../../kit/answers.ts';
import { jsonNumber, listOf, objectOf, word } from '../../kit/json.ts';
import type { ScreeningOrder, ScreeningReport, ScreeningState } from '../../kit/screening.ts';
import type { Fields } from '../../kyc/sumsub/wire.ts';
import { equal, isAmount, normal } from '../../../domain/money.ts';

/** `completed` is not here: then their answer counts. `awaitingUser` does not end by itself, so a person has to look. */
const STATES: Record<string, ScreeningState> = { init: 'pending', onHold: 'hold', awaitingUser: 'hold' };
const ANSWERS: Record<string, ScreeningState> = { GREEN: 'clear', RED: 'reject' };

/** Undefined members are not sent. The amount goes as a JSON number, digit by digit. */
export const transactionOf = (order: ScreeningOrder, callbackUrl: string): object => {
  const { reference, direction, amount, currency, client, counterparty } = order;
  return {
    txnId: reference,
    type: 'finance',
    // See `metadata` of applicants: for people, and for the sandbox.
    props: { notify: callbackUrl },
    txnDate: `${new Date(order.at).toISOString().slice(0, 19).replace('T', ' ')}+0000`,
    info: {
      direction,
      amount: jsonNumber(amount),
      currencyCode: currency.alphabeticCode,
      currencyType: currency.type,
      paymentTxnId: order.txHash,
    },
    applicant: { externalUserId: client.reference, type: client.kind, fullName: client.fullName },
    ...(counterparty && {
      counterparty: {
        // They insist on a name of ours for the other side; its account is the only one we have.
        externalUserId: counterparty.account,
        type: 'individual',
        fullName: counterparty.fullName,
        paymentMethod: {
          type: currency.type === 'crypto' ? 'crypto' : 'bank_account',
          accountId: counterparty.account,
        },
      },
    }),
  };
};

/** Throws `OutcomeUnknown` when it is not the transaction that was asked for. */
export const reportOf = (txn: Fields, asked: { reference: string; providerId?: string }): ScreeningReport => {
  const providerId = word(txn['id']);
  if (providerId === '') throw notOurs('SumSub', 'a transaction without an id');
  if (word(objectOf(txn['data'])['txnId']) !== asked.reference) throw notOurs('SumSub', "somebody else's transaction");
  const review = objectOf(txn['review']);
  const scoring = objectOf(txn['scoringResult']);
  const status = word(review['reviewStatus']);
  const answer = word(objectOf(review['reviewResult'])['reviewAnswer']);
  const state = status === 'completed' ? ANSWERS[answer] : STATES[status];
  const score = word(txn['score']);
  return {
    providerId,
    state: state ?? 'pending',
    providerStatus: status === 'completed' ? `${status} ${answer}`.trim() : status,
    ...(state === undefined && { unknownWord: true }),
    ...(score && { score }),
    signals: listOf(scoring['matchedRules'])
      .map(objectOf)
      .map((rule) => word(rule['title']) || word(rule['name']))
      .filter(Boolean),
  };
};

/** Their numbers are likely doubles: what has more digits than those keep is not compared. */
const EXACT_DIGITS = 15;

/** A verdict about other money is no verdict. */
export const assertSameMoney = (txn: Fields, { amount, currency }: ScreeningOrder): void => {
  const info = objectOf(objectOf(txn['data'])['info']);
  const theirs = word(info['amount']);
  if (word(info['currencyCode']) !== currency.alphabeticCode) {
    throw notOurs('SumSub', 'the transaction is in another currency', 'currency_mismatch');
  }
  const digits = normal(amount).replace('.', '').replace(/^0+/, '').length;
  if (digits <= EXACT_DIGITS && !/e/i.test(theirs) && !(isAmount(theirs) && equal(theirs, amount))) {
    throw notOurs('SumSub', 'the transaction has another amount');
  }
};
