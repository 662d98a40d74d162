import type { NextFunction, Request, Response } from 'express';
import { html, type Html } from '../../../kit/html.ts';
import { hostedPage } from '../../../kit/sandbox-page.ts';
import type { Account } from './account.ts';
import { decline, pay, paymentOf } from './payments.ts';
import { major, stateOf, type Thing } from './thing.ts';

/** Test cards (docs.stripe.com/testing): whether the bank asks on a page of its own, and what they are declined with. */
const CARDS: Record<string, { bank?: true; decline?: string }> = {
  '4242424242424242': {},
  '4000000000000002': { decline: 'generic_decline' },
  '4000000000009995': { decline: 'insufficient_funds' },
  '4000002500003155': { bank: true },
  '4000002760003184': { bank: true },
  '4000000000003220': { bank: true },
  '4000008400001629': { bank: true, decline: 'generic_decline' },
  '4000008260003178': { bank: true, decline: 'insufficient_funds' },
};
const CARD_NUMBERS = Object.keys(CARDS).join(', ');
const CARD = html`<p>
    <label>Card number <input name="card" value="4242424242424242" /></label>
  </p>
  <button>Pay</button>`;
const BANK = html`<button name="bank" value="yes">Complete</button> <button name="bank" value="no">Fail</button>`;

const show = (session: Thing, note: string, fields: Html): string => {
  const content = html`<p>${String(session['_name'])}</p>
    <h1>${major(session)} ${session.currency.toUpperCase()}</h1>
    <p role="status"><b>${note}</b></p>
    ${session.status === 'open' && html`<form method="post">${fields}</form>`}`;
  const back = { url: String(session['cancel_url'] ?? session['success_url']), caption: 'Back' };
  return hostedPage('Checkout', content, { note: `no money moves. Test cards: ${CARD_NUMBERS}.`, back });
};

/** The hosted page: a card is tried, some after a second page as the bank's own. A declined one leaves it open. */
export const checkoutPage =
  (account: Account) =>
  (req: Request, res: Response, otherwise: NextFunction): void => {
    const session = account.things.get(String(req.params['id']));
    if (session?.object !== 'checkout.session') return otherwise();
    const form = new URLSearchParams((req.body as Buffer).toString('utf8'));
    const number = (form.get('card') ?? '').replace(/\D/g, '');
    const card = CARDS[number];
    const answer = (note: string, fields = CARD) => void res.type('html').send(show(session, note, fields));
    if (session.status !== 'open') return answer(`This page is ${session.status}.`);
    if (req.method === 'GET') return answer('');
    if (!card) return answer('Your card number is invalid.');
    const bank = form.get('bank');
    if (card.bank && bank === null)
      return answer('Your bank asks: is it you?', html`<input type="hidden" name="card" value="${number}" />${BANK}`);
    const refusal = bank === 'no' ? 'authentication_required' : card.decline;
    if (refusal === undefined) pay(account, session);
    else decline(account, paymentOf(account, session), refusal);
    if (stateOf(session) === 'complete') return res.redirect(303, String(session['success_url']));
    const error = paymentOf(account, session)['last_payment_error'] as { message: string } | undefined;
    answer(error?.message ?? `This page is ${session.status}.`);
  };
