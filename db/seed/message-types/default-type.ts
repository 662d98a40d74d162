export interface DefaultType {
  name: string;
  caption: string;
  /** name, caption, example */
  parameters: readonly (readonly [string, string, string])[];
  lifetimeSeconds?: number;
  templates: readonly DefaultTemplate[];
}

export interface DefaultTemplate {
  channel: 'email' | 'sms' | 'chat';
  locale: string;
  subject: string | null;
  html: string | null;
  text: string;
}

export const FIRST_NAME = ['firstName', 'First name', 'Ann'] as const;
export const ACCOUNT = ['account', 'Account number', '2100000001'] as const;
export const AMOUNT = ['amount', 'Amount', '250.00'] as const;
export const CURRENCY = ['currency', 'Currency', 'USD'] as const;
export const TRANSACTION = ['transactionId', 'Transaction', '1042'] as const;
export const REASON = ['reason', 'Why', 'Bank details do not match'] as const;

/** One text, as plain text and as HTML: its paragraphs are the same. */
export const email = (subject: string, ...paragraphs: string[]): DefaultTemplate => ({
  channel: 'email',
  locale: 'en_US',
  subject,
  html: `<!doctype html>\n<html><body style="font-family: sans-serif">\n${[...paragraphs, '{{ storage.signature }}'].map((one) => `<p>${one}</p>`).join('\n')}\n</body></html>\n`,
  text: `${[...paragraphs, '{{ storage.signature }}'].join('\n\n')}\n`,
});
export const sms = (text: string): DefaultTemplate => ({
  channel: 'sms',
  locale: 'en_US',
  subject: null,
  html: null,
  text,
});
export const chat = (text: string): DefaultTemplate => ({ ...sms(text), channel: 'chat' });

export const HELLO = 'Hello {{ firstName }},';
