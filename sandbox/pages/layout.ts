import type { Response } from 'express';
import { html, type Html } from '../../adapters/kit/html.ts';

// Nothing but our own style and forms: what vendors and mails bring along loads nothing and runs nothing.
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; form-action 'self'; base-uri 'none'";

const STYLE = html`
  <style>
    :root {
      color-scheme: light dark;
      --line: #8886;
      --soft: #8882;
      --good: #17803d;
      --bad: #b42318;
    }
    * {
      box-sizing: border-box;
    }
    body {
      font:
        15px/1.5 system-ui,
        sans-serif;
      max-width: 70rem;
      margin: 0 auto;
      padding: 0 1rem 4rem;
    }
    nav {
      display: flex;
      gap: 1.2rem;
      padding: 0.8rem 0;
      border-bottom: 1px solid var(--line);
      flex-wrap: wrap;
    }
    h1 {
      font-size: 1.5rem;
      margin: 1.2rem 0 0.3rem;
    }
    h2 {
      font-size: 1.1rem;
      margin: 2rem 0 0.5rem;
    }
    table {
      border-collapse: collapse;
      width: 100%;
    }
    th,
    td {
      padding: 0.35rem 0.6rem;
      text-align: left;
      border-bottom: 1px solid var(--line);
      vertical-align: top;
    }
    th {
      font-weight: 600;
      background: var(--soft);
    }
    .scroll {
      overflow-x: auto;
    }
    form {
      display: inline-flex;
      flex-wrap: wrap;
      gap: 0.4rem;
      align-items: end;
      margin: 0;
    }
    label {
      display: inline-flex;
      flex-direction: column;
      font-size: 0.8rem;
    }
    input,
    select,
    button {
      font: inherit;
      font-size: 0.9rem;
      padding: 0.25rem 0.5rem;
      min-height: 2rem;
      border: 1px solid var(--line);
      border-radius: 4px;
    }
    button {
      cursor: pointer;
      background: var(--soft);
    }
    button:hover {
      border-color: currentColor;
    }
    :focus-visible {
      outline: 2px solid #2563eb;
      outline-offset: 1px;
    }
    pre {
      white-space: pre-wrap;
      overflow-wrap: anywhere;
      background: var(--soft);
      padding: 0.6rem;
      margin: 0.4rem 0;
      font-size: 0.8rem;
    }
    details {
      border-bottom: 1px solid var(--line);
      padding: 0.3rem 0;
    }
    summary {
      cursor: pointer;
    }
    .state {
      border: 1px solid var(--line);
      border-radius: 1rem;
      padding: 0 0.6rem;
      white-space: nowrap;
    }
    .good {
      color: var(--good);
    }
    .bad {
      color: var(--bad);
    }
    .quiet {
      opacity: 0.75;
    }
    .tools {
      display: grid;
      gap: 0.7rem 2rem;
      grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr));
    }
    article h2 {
      margin-bottom: 0;
    }
    article p {
      margin: 0.2rem 0;
    }
    fieldset {
      min-width: 0;
      border: 1px solid var(--line);
      border-radius: 4px;
    }
    iframe {
      width: 100%;
      height: 20rem;
      border: 1px solid var(--line);
      background: #fff;
    }
    .phone {
      max-width: 26rem;
    }
    .phone p {
      background: var(--soft);
      border-radius: 1rem;
      padding: 0.5rem 0.9rem;
      margin: 0.2rem 0 0.8rem;
      white-space: pre-wrap;
    }
  </style>
`;

/** A whole page; works without scripts. */
export const page = (title: string, content: Html): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Sandboxes</title>
        ${STYLE}
      </head>
      <body>
        <nav aria-label="Sandboxes">
          <a href="/">Providers</a><a href="/mailbox">Mailbox</a><a href="/phone">Phone</a>
        </nav>
        <main>
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html>`;

export const sendPage = (res: Response, content: Html, status = 200): void => {
  res.status(status).set({ 'content-security-policy': POLICY, 'cache-control': 'no-store' });
  res.type('html').send(content.text);
};

/** A table that can be scrolled on its own; `none` when there is nothing to show. */
export const table = (heads: readonly string[], rows: readonly (readonly (Html | string)[])[], none: string): Html =>
  rows.length === 0
    ? html`<p class="quiet">${none}</p>`
    : html`<div class="scroll">
        <table>
          <thead>
            <tr>
              ${heads.map((head) => html`<th scope="col">${head}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${rows.map(
              (row) =>
                html`<tr>
                  ${row.map((cell) => html`<td>${cell}</td>`)}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>`;
