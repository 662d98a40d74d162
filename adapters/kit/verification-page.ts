/** The page where a client shows documents, as hosted identity checks have one. For sandboxes: what a person picks decides the verdict. */

const PICTURES = ['good', 'blurred', 'forged'] as const;
export type Picture = (typeof PICTURES)[number];

const CAPTIONS: Record<Picture, string> = {
  good: 'Good passport',
  blurred: 'Blurred photo',
  forged: 'Forged passport',
};

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => ESCAPES[char]!);

export interface VerificationPage {
  vendor: string;
  /** The vendor's word. */
  state: string;
  comment?: string | undefined;
  /** Whether documents can be shown now. */
  open: boolean;
  /** Where the client came from. */
  returnUrl?: string | undefined;
}

/** The form posts to the page's own address. Files are not sent, only their names: this page is not for real documents. */
export const verificationPage = ({ vendor, state, comment, open, returnUrl }: VerificationPage): string => {
  const buttons = PICTURES.map((one) => `<button name="picture" value="${one}">${CAPTIONS[one]}</button>`).join('\n');
  const form = `<form method="post">${buttons}</form>
<form method="post"><p>or a file whose name says what it is (blurred.jpg, forged.png; others are good):
<input type="file" name="file" required> <button>Upload</button></p></form>`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Verification</title>
<body style="font:16px system-ui;max-width:32rem;margin:4rem auto">
<h1>${escaped(vendor)}: verify your identity</h1><p>Status: <b>${escaped(state)}</b> <a href="">Look again</a></p>
${comment ? `<p>${escaped(comment)}</p>` : ''}${open ? form : ''}
${returnUrl ? `<p><a href="${escaped(returnUrl)}">Back</a></p>` : ''}
<p><small>Sandbox: nothing is checked and nothing is kept.</small></p>`;
};

export const pictureIn = (form: Buffer): Picture => {
  const fields = new URLSearchParams(form.toString('utf8'));
  const said = `${fields.get('picture') ?? ''} ${fields.get('file') ?? ''}`;
  return PICTURES.find((one) => said.includes(one)) ?? 'good';
};
