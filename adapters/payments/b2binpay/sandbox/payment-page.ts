import { Router } from 'express';
import type { Life } from './life.ts';
import { type Deposit, type State, shown } from './state.ts';

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => ESCAPES[char]!);

const STATUS: Record<number, string> = { 2: 'Waiting for your payment', 3: 'Paid', 4: 'Expired', 5: 'Under review' };

/** The hosted page of an invoice, so that a person who follows the redirect can act as the payer. */
export const paymentPage = (state: () => State, life: Life): Router => {
  const router = Router();
  const find = (uuid: string) =>
    state().deposits.find((deposit) => deposit.uuid === uuid && deposit.requested !== null);
  router.get('/pay/:uuid', (req, res, next) => {
    const deposit = find(req.params.uuid);
    if (!deposit) return next();
    res.type('html').send(html(deposit));
  });
  router.post('/pay/:uuid', (req, res, next) => {
    const deposit = find(req.params.uuid);
    if (!deposit) return next();
    if (deposit.status === 2) life.pay(deposit, {});
    res.redirect(303, deposit.redirectUrl ?? req.originalUrl);
  });
  return router;
};

const html = (deposit: Deposit): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Invoice ${escaped(deposit.id)}</title>
<body style="font:16px system-ui;max-width:28rem;margin:4rem auto">
<h1>${shown(deposit.requested!)} ${escaped(deposit.wallet.currency.alpha)}</h1>
<p>${escaped(deposit.label)} · ${STATUS[deposit.status] ?? 'Unknown'}</p>
${deposit.status === 2 ? '<form method="post"><button>Pay</button></form>' : ''}
${deposit.redirectUrl ? `<a href="${escaped(deposit.redirectUrl)}">${escaped(deposit.buttonText ?? 'Back')}</a>` : ''}
<p><small>Sandbox: no money moves.</small></p>`;
