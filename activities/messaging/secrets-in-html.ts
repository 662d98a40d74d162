import { TagToken, Tokenizer } from 'liquidjs';

/** What stands for Liquid while the HTML around it is read: a condition, an output of which nobody knows what it tells, a plain parameter. */
const [CONDITION, OUTPUT, PLAIN] = ['\uE000', '\uE001', '\uE002'];
const QUOTED = `"[^"<${CONDITION}${OUTPUT}]*"|'[^'<${CONDITION}${OUTPUT}]*'`;
const MARKS = `${CONDITION}${OUTPUT}${PLAIN}`;
const BLANK = '[ \\t\\r\\n\\f]';
const VALUE = `${QUOTED}|[^\\s"'=<>\`${MARKS}]+`;
const ATTRIBUTES = `(?:${BLANK}+[a-z_:@][\\w:.@-]*(?:${BLANK}*=${BLANK}*(?:${VALUE}))?)*${BLANK}*/?`;
/** Elements in which tags are text, or mean something else. */
const OTHERWISE = 'style|title|script|textarea|xmp|iframe|noembed|noframes|noscript|plaintext|template|select|svg|math';
/** What every reader of HTML takes for the same, Outlook with its conditional comments as well. */
const WHOLE = [
  `<!doctype[^<>${MARKS}]*>`,
  `<!--(?!-?>|\\[|<)(?:(?!--!?>)[^${MARKS}])*-->`,
  `<!--\\[if [^<>\\]${MARKS}]*\\]>(?:<!-->|-->)?`,
  `(?:<!--)?<!\\[endif\\]-->|<!\\[endif\\]>`,
  `<(style|title)${ATTRIBUTES}>[^<${MARKS}]*</\\1${BLANK}*>`,
  `</?(?!(?:${OTHERWISE})\\b)[a-z][a-z0-9:-]*${ATTRIBUTES}>`,
].join('|');

const CONDITIONS = ['if', 'elsif', 'else', 'endif', 'unless', 'endunless', 'case', 'when', 'endcase'];
const UNRENDERED = ['comment', 'endcomment', 'raw', 'endraw', '#'];

/** Where HTML begins to be read by each reader in his own way: at a tag or comment that is not whole. Null: nowhere. */
export const strayTag = (html: string): string | null => {
  const whole = new RegExp(WHOLE, 'iy');
  for (let at = html.indexOf('<'); at >= 0; at = html.indexOf('<', whole.lastIndex)) {
    whole.lastIndex = at;
    if (!whole.test(html)) return html.slice(at, at + 40).replaceAll(new RegExp(`[${MARKS}]`, 'g'), '…');
  }
  return null;
};

/**
 * What is wrong with HTML that tells a secret, or null. Whoever writes it must not get at the secrets of others: in an attribute, `<img src="…?{{ code }}">`,
 * each would go where he likes as soon as the mail is opened, and a condition on one would choose what is fetched. `secrets`: names that stand in no tag.
 */
export const secretsFault = (source: string, secrets: readonly string[]): string | null => {
  const told = new RegExp(`\\b(?:${secrets.join('|')})\\b`);
  let html = '';
  for (const token of new Tokenizer(source).readTopLevelTokens()) {
    if (token instanceof TagToken) {
      const isCondition = CONDITIONS.includes(token.name);
      if (!isCondition && !UNRENDERED.includes(token.name))
        return `a message that tells a secret has no '${token.name}'`;
      if (isCondition && (told.test(token.args) || /[[|]/.test(token.args)))
        return `a condition must be about plain parameters, and not about a secret: '${token.content}'`;
      html += CONDITION;
    } else if ('content' in token) {
      html += /^(?:storage\.)?\w+$/.test(token.content) && !told.test(token.content) ? PLAIN : OUTPUT;
    } else html += token.getText();
  }
  const stray = strayTag(html);
  return stray && `a secret never stands inside a tag, and in quotes there only plain parameters: '${stray}'`;
};
