import type { Router } from 'express';
import { html } from './html.ts';
import { hostedPage } from './sandbox-page.ts';
import type { SandboxDesk } from './sandbox.ts';

/** What a person can show on the page, and the word of `advance` for what comes of it. */
const PICTURES = [
  { name: 'good', caption: 'Good passport', verdict: 'green' },
  { name: 'blurred', caption: 'Blurred photo', verdict: 'red_retry' },
  { name: 'forged', caption: 'Forged passport', verdict: 'red_final' },
] as const;

export interface VerificationPage {
  vendor: string;
  /** The vendor's word. */
  state: string;
  comment?: string | undefined;
  /** Where the client came from. */
  returnUrl?: string | undefined;
  /** Documents are there: they are being looked at. Absent: none are wanted now. */
  submit?: (() => void) | undefined;
  judge(verdict: (typeof PICTURES)[number]['verdict']): void;
}

const LOOKING_MS = 2000;

/**
 * For sandboxes: the page where a client shows documents, as hosted identity checks have one. `path` ends with '/:code'; `open` answers undefined for
 * a code that does not lead anywhere. The form posts names of files only: this page is not for real documents.
 */
export const mountVerificationPage = (
  router: Router,
  path: `${string}/:code`,
  desk: SandboxDesk,
  open: (code: string) => VerificationPage | undefined,
): void => {
  router.get(path, (req, res, next) => {
    const page = open(req.params['code']);
    if (page) res.type('html').send(pageOf(page));
    else next();
  });
  router.post(path, (req, res, next) => {
    const page = open(req.params['code']);
    if (!page) return next();
    const form = new URLSearchParams((req.body as Buffer).toString('utf8'));
    const shown = `${form.get('picture') ?? ''} ${form.get('file') ?? ''}`;
    const { verdict } = PICTURES.find(({ name }) => shown.includes(name)) ?? PICTURES[0];
    if (page.submit) {
      page.submit();
      desk.later(LOOKING_MS, () => page.judge(verdict));
    }
    res.redirect(303, req.originalUrl);
  });
};

const pageOf = ({ vendor, state, comment, submit, returnUrl }: VerificationPage): string => {
  const buttons = PICTURES.map(
    ({ name, caption }) => html`<button name="picture" value="${name}">${caption}</button> `,
  );
  const form = html`<form method="post">${buttons}</form>
    <form method="post">
      <p>
        or a file whose name says what it is (blurred.jpg, forged.png; others are good):
        <input type="file" name="file" required /> <button>Upload</button>
      </p>
    </form>`;
  const content = html`<h1>${vendor}: verify your identity</h1>
    <p>Status: <b>${state}</b> · <a href="">Look again</a></p>
    ${comment && html`<p>${comment}</p>`}${submit && form}`;
  const back = returnUrl ? { url: returnUrl, caption: 'Back' } : undefined;
  return hostedPage('Verification', content, { note: 'nothing is checked and nothing is kept.', back });
};
