import type { SandboxThing } from '../../adapters/kit/sandbox.ts';
import { CALLBACK_MODES, type CallbackRecord } from '../callbacks.ts';
import type { ReceivedRequest, SandboxControl } from '../control.ts';
import { FaultOrder } from '../faults.ts';
import { html, type Html } from '../../adapters/kit/html.ts';
import { page, table } from './layout.ts';
import { scrubber } from './scrub.ts';

const SHOWN = 25;
const newest = <T>(all: readonly T[]): T[] => all.slice(-SHOWN).toReversed();
/** '14:03:12' */
const clock = (iso: string): string => iso.slice(11, 19);

/** Everything one provider's sandbox did, and what a person can make it do. */
export const providerPage = (control: SandboxControl): Html => {
  const { id } = control.vendor;
  const plane = `/${id}/__sandbox`;
  const scrub = scrubber(control);
  return page(
    id,
    html`<p>
        Speaks the vendor's wire protocol under <code>/${id}</code>. Its clock says
        <time>${new Date(control.now()).toISOString()}</time>. <a href="${plane}">Look again</a>
      </p>
      ${thingsOf(control, plane)}
      <h2>Make something happen</h2>
      ${tools(control, plane)}
      <h2>Requests it got</h2>
      ${newest(control.received).map((one) => requestOf(one, scrub))}
      ${control.received.length === 0 && html`<p class="quiet">None yet.</p>`}
      <h2>Callbacks it sent</h2>
      ${newest(control.callbacks()).map((one) => callbackOf(one, scrub))}
      ${control.callbacks().length === 0 && html`<p class="quiet">None yet.</p>`}
      <h2>Its books</h2>
      ${table(
        ['Id', 'Kind', 'Reference', 'Amount', 'State', 'Account'],
        newest(control.books()).map((one) => [
          one.id,
          one.kind,
          one.reference,
          `${one.amount} ${one.currency}`,
          one.state,
          one.account ?? '',
        ]),
        'No money moved.',
      )}`,
  );
};

const thingsOf = ({ vendor }: SandboxControl, plane: string): Html => {
  if (!vendor.things) return html``;
  const rows = vendor
    .things()
    .slice(0, SHOWN)
    .map((thing) => [
      html`${thing.kind} <small class="quiet">${thing.id}</small>`,
      html`${thing.title}${contentOf(thing)}`,
      html`<span class="state">${thing.state}</span>`,
      html`${buttonsOf(thing, plane)}`,
    ]);
  return html`<h2>What is there</h2>
    ${table(['Kind', 'What', 'State', 'Act'], rows, 'Nothing yet: it comes when the hub asks for something.')}`;
};

/** The text of a message; markup is shown, and can neither run nor load anything. */
export const contentOf = ({ text, html: markup, title }: SandboxThing): Html | false =>
  (text !== undefined || markup !== undefined) &&
  html`<details>
    <summary>Read</summary>
    ${markup !== undefined && html`<iframe sandbox title="${title}" srcdoc="${markup}"></iframe>`}
    ${text !== undefined && html`<pre>${text}</pre>`}
  </details>`;

/** `to` goes to `advance`; without it a person pays. */
export const buttonsOf = ({ id, title, buttons }: SandboxThing, plane: string): Html[] =>
  buttons.map(
    ({ caption, to }) =>
      html`<form method="post" action="${plane}/${to === undefined ? 'pay' : 'advance'}">
        <input
          type="hidden"
          name="id"
          value="${id}"
        />${to !== undefined && html`<input type="hidden" name="to" value="${to}" />`}
        <button aria-label="${caption}: ${title}">${caption}</button>
      </form> `,
  );

const requestOf = (one: ReceivedRequest, scrub: ReturnType<typeof scrubber>): Html => {
  const isGood = one.status !== undefined && one.status < 400;
  return html`<details>
    <summary>
      <time>${clock(one.at)}</time> <code>${one.method} ${scrub.text(one.url)}</code>
      <strong class="${isGood ? 'good' : 'bad'}">${one.status ?? 'no answer'}</strong>
    </summary>
    <pre>${scrub.headers(one.headers)}</pre>
    ${one.body && html`<pre>${scrub.text(one.body)}</pre>`}
  </details>`;
};

const callbackOf = ({ id, url, body, state, attempts }: CallbackRecord, scrub: ReturnType<typeof scrubber>): Html =>
  html`<details>
    <summary>#${id} <code>${scrub.text(url)}</code> <span class="state">${state}</span></summary>
    <pre>${scrub.text(body)}</pre>
    ${table(
      ['At', 'Mode', 'Answer'],
      attempts.map(({ at, mode, status, answer, error }) => [
        clock(at),
        mode,
        error ?? `${status ?? '…'} ${scrub.text(answer ?? '').slice(0, 200)}`,
      ]),
      'Not sent yet.',
    )}
  </details>`;

// Forms ------------------------------------------------------------------------------------------------------------------

const field = (caption: string, name: string, placeholder = '', size = 10): Html =>
  html`<label>${caption}<input name="${name}" placeholder="${placeholder}" size="${size}" /></label> `;

const select = (caption: string, name: string, values: readonly string[], chosen?: string): Html =>
  html`<label
    >${caption}<select name="${name}">
      ${values.map((one) => html`<option ${one === chosen && 'selected'}>${one}</option>`)}
    </select></label
  > `;

const form = (caption: string, action: string, fields: readonly Html[], button: string): Html =>
  html`<fieldset>
    <legend>${caption}</legend>
    <form method="post" action="${action}">${fields}<button>${button}</button></form>
  </fieldset>`;

const tools = (control: SandboxControl, plane: string): Html => {
  const { pay, advance } = control.vendor;
  const open = control.faults.open();
  return html`<div class="tools">
      ${pay && form('Pay another amount', `${plane}/pay`, [field('Id', 'id'), field('Amount', 'amount', '25.00'), field('Currency', 'currency', 'as asked')], 'Pay')}
      ${advance && form('Force a state', `${plane}/advance`, [field('Id', 'id'), field('To', 'to', 'unknown_word')], 'Force')}
      ${form('Clock', `${plane}/clock`, [field('Ahead by', 'advance', '15m, 1d')], 'Move')}
      ${form('Callbacks', `${plane}/callbacks`, [select('Mode', 'mode', CALLBACK_MODES, control.callbackMode()), field('Copies', 'copies', '2', 4)], 'Set')}
      ${form(
        'Trouble for the next requests',
        `${plane}/fault`,
        [
          select(
            'Kind',
            'kind',
            FaultOrder.shape.kind.options.filter((kind) => kind !== 'swap'),
          ),
          field('Method', 'method', 'any', 5),
          field('Path begins', 'path', '/'),
          field('Times', 'times', '1', 4),
          field('Milliseconds', 'ms', '', 5),
          field('Retry-After', 'retryAfter', 's', 4),
        ],
        'Make',
      )}
      ${form('Maintenance', `${plane}/maintenance`, [field('Milliseconds', 'ms', '60000')], '503 for all')}
      ${form('Latency of every answer', `${plane}/latency`, [field('Milliseconds', 'ms', String(control.latencyMs))], 'Set')}
      ${form('Forget everything', `${plane}/reset`, [], 'Reset')}
    </div>
    <p class="quiet">
      Troubles waiting:
      ${open.length === 0 ? 'none' : open.map(({ kind, times, match }) => `${kind} ×${times} ${match.method ?? ''} ${match.path ?? ''}`).join('; ')}
    </p>`;
};
