import { escapeHtml } from '../../domain/html.ts';

/** Markup that is safe to send. Only `html` makes it. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Piece = Html | string | number | false | null | undefined | readonly Piece[];

const safe = (piece: Piece): string => {
  if (piece instanceof Html) return piece.text;
  if (Array.isArray(piece)) return piece.map(safe).join('');
  if (piece === undefined || piece === null || piece === false) return '';
  return escapeHtml(String(piece));
};

/** Everything put into it is escaped, unless it is `Html` itself. Lists are joined; nothing (false, null, undefined) is nothing. */
export const html = (parts: TemplateStringsArray, ...pieces: Piece[]): Html =>
  new Html(parts.reduce((text, part, n) => text + safe(pieces[n - 1]) + part));
