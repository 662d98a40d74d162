import type { SandboxControl } from '../control.ts';
import { html, type Html } from '../../adapters/kit/html.ts';
import { page, table } from './layout.ts';
import { buttonsOf, contentOf } from './provider-page.ts';

/** `/`: every provider, and where to go. */
export const overviewPage = (controls: readonly SandboxControl[]): Html =>
  page(
    'Provider sandboxes',
    html`<p>
        Each speaks its vendor's wire protocol under <code>/{provider}</code>. Open one to see what the hub asked it
        for, to pay, decline, approve or verify, and to make trouble. Mails are in the <a href="/mailbox">mailbox</a>,
        SMS and chats on the <a href="/phone">phone</a>.
      </p>
      ${table(
        ['Provider', 'There', 'Requests', 'Callbacks', 'Callback mode', 'Clock'],
        controls.map((control) => [
          html`<a href="/${control.vendor.id}/__sandbox">${control.vendor.id}</a>`,
          String(control.vendor.things?.().length ?? 0),
          String(control.received.length),
          String(control.callbacks().length),
          control.callbackMode(),
          new Date(control.now()).toISOString().slice(0, 19).replace('T', ' '),
        ]),
        'No provider has a sandbox.',
      )}`,
  );

const messages = (controls: readonly SandboxControl[], kind: RegExp) =>
  controls.flatMap(({ vendor }) =>
    (vendor.things?.() ?? [])
      .filter((thing) => kind.test(thing.kind))
      .map((thing) => ({ thing, provider: vendor.id, plane: `/${vendor.id}/__sandbox` })),
  );

/** `/mailbox`: what the messaging sandboxes took as e-mail, newest first. */
export const mailboxPage = (controls: readonly SandboxControl[]): Html =>
  page(
    'Mailbox',
    html`<p><a href="/mailbox">Look again</a></p>
      ${messages(controls, /mail/i).map(
        ({ thing, provider, plane }) =>
          html`<article>
            <h2>${thing.title}</h2>
            <p>
              through <a href="${plane}">${provider}</a> ·
              <span class="state">${thing.state}</span> ${buttonsOf(thing, plane)}
            </p>
            ${contentOf(thing)}
          </article>`,
      )}${messages(controls, /mail/i).length === 0 && html`<p class="quiet">No mail yet.</p>`}`,
  );

/** `/phone`: what they took as SMS or chat, newest first. */
export const phonePage = (controls: readonly SandboxControl[]): Html => {
  const all = messages(controls, /sms|chat|slack/i);
  return page(
    'Phone',
    html`<p><a href="/phone">Look again</a></p>
      <div class="phone">
        ${all.map(
          ({ thing, provider, plane }) =>
            html`<article>
              <small
                >${thing.title} · <a href="${plane}">${provider}</a> ·
                <span class="state">${thing.state}</span> ${buttonsOf(thing, plane)}</small
              >
              <p>${thing.text ?? ''}</p>
            </article>`,
        )}
      </div>
      ${all.length === 0 && html`<p class="quiet">No message yet.</p>`}`,
  );
};
