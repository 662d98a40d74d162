import type { SandboxControl } from './control.ts';

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const safe = (text: unknown): string => String(text ?? '').replace(/[&<>"']/g, (c) => ESCAPES[c]!);

const table = (heads: string[], rows: unknown[][]): string =>
  rows.length === 0
    ? '<p>none</p>'
    : `<table><tr>${heads.map((h) => `<th>${safe(h)}</th>`).join('')}</tr>${rows
        .map((row) => `<tr>${row.map((cell) => `<td>${safe(cell)}</td>`).join('')}</tr>`)
        .join('')}</table>`;

const form = (action: string, fields: string[], button: string): string =>
  `<form method="post" action="${safe(action)}">${fields
    .map((name) => `<input name="${name}" placeholder="${name}" size="14">`)
    .join(' ')} <button>${safe(button)}</button></form>`;

const section = (control: SandboxControl): string => {
  const { id, pay, advance } = control.vendor;
  const plane = `/${id}/__sandbox`;
  const books = control.books().slice(-15).reverse();
  const callbacks = control.callbacks().slice(-10).reverse();
  return `<section><h2>${safe(id)}</h2>
<p>Clock ${safe(new Date(control.now()).toISOString())}, callbacks ${safe(control.callbackMode())}</p>
${pay ? form(`${plane}/pay`, ['id', 'amount', 'currency'], 'Pay') : ''}
${advance ? form(`${plane}/advance`, ['id', 'to'], 'Force state') : ''}
${form(`${plane}/clock`, ['advance'], 'Advance clock')}
${form(`${plane}/callbacks`, ['mode', 'copies'], 'Callback mode')}
${form(`${plane}/reset`, [], 'Reset')}
<h3>Money movements</h3>${table(
    ['id', 'kind', 'reference', 'amount', 'currency', 'state', 'account'],
    books.map((b) => [b.id, b.kind, b.reference, b.amount, b.currency, b.state, b.account]),
  )}
<h3>Last requests</h3>${table(
    ['at', 'request', 'status'],
    control.received
      .slice(-15)
      .reverse()
      .map((r) => [r.at, `${r.method} ${r.url.split('?')[0]}`, r.status ?? 'no answer']),
  )}
<h3>Last callbacks</h3>${table(
    ['id', 'to', 'state', 'attempts'],
    callbacks.map((c) => [c.id, c.url, c.state, c.attempts.map((a) => a.status ?? a.error ?? '…').join(', ')]),
  )}</section>`;
};

/** What a person sees at `/`: every sandbox, its last doings, and the buttons of the control plane. */
export const indexPage = (
  controls: readonly SandboxControl[],
): string => `<!doctype html><html lang="en"><meta charset="utf-8">
<title>Provider sandboxes</title><style>
body{font:14px system-ui,sans-serif;margin:2rem;max-width:70rem}table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:2px 8px;text-align:left}
form{margin:.3rem 0}section{border-top:2px solid #333;margin-top:2rem}h3{margin:.8rem 0 .2rem}
</style><h1>Provider sandboxes</h1>
<p>Each speaks its vendor's wire protocol under <code>/{id}</code>; the control plane is <code>/{id}/__sandbox</code>.</p>
${controls.map(section).join('\n')}</html>`;
