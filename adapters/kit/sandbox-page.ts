import { html, type Html } from './html.ts';

/** For sandboxes: the page a vendor shows to whoever pays or proves who he is. */
export const hostedPage = (
  title: string,
  content: Html,
  { note = 'no money moves.', back }: { note?: string; back?: { url: string; caption: string } | undefined } = {},
): string =>
  html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" />
      <title>${title}</title>
      <body style="font:16px system-ui;max-width:32rem;margin:4rem auto">
        ${content} ${back && html`<p><a href="${back.url}">${back.caption}</a></p>`}
        <p><small>Sandbox: ${note}</small></p>
      </body>
    </html>`.text;
