/** The messages that every installation knows, and what they say until somebody says it better. Reset brings these texts back. */
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

const FIRST_NAME = ['firstName', 'First name', 'Ann'] as const;
const AMOUNT = ['amount', 'Amount', '250.00'] as const;
const CURRENCY = ['currency', 'Currency', 'USD'] as const;
const ACCOUNT = ['account', 'Account number', '2100000001'] as const;
const TRANSACTION = ['transactionId', 'Transaction', '1042'] as const;
const REASON = ['reason', 'Why', 'Bank details do not match'] as const;
const LEVEL = ['level', 'Level of verification', 'Level 2'] as const;
const UNTIL = ['until', 'Last day, YYYY-MM-DD', '2027-05-31'] as const;
const DAYS = ['days', 'Days until then', '7'] as const;
const FACTOR = ['factor', 'Which one', 'Google Authenticator'] as const;
const WHAT = ['what', 'What it is about', 'phone number'] as const;
const CODE = ['code', 'The code', '493027'] as const;

/** One text, as plain text and as HTML: its paragraphs are the same. */
const email = (subject: string, ...paragraphs: string[]): DefaultTemplate => ({
  channel: 'email',
  locale: 'en_US',
  subject,
  html: `<!doctype html>\n<html><body style="font-family: sans-serif">\n${[...paragraphs, '{{ storage.signature }}'].map((one) => `<p>${one}</p>`).join('\n')}\n</body></html>\n`,
  text: `${[...paragraphs, '{{ storage.signature }}'].join('\n\n')}\n`,
});
const sms = (text: string): DefaultTemplate => ({ channel: 'sms', locale: 'en_US', subject: null, html: null, text });
const chat = (text: string): DefaultTemplate => ({ ...sms(text), channel: 'chat' });

const HELLO = 'Hello {{ firstName }},';

export const DEFAULT_TYPES: readonly DefaultType[] = [
  {
    name: 'registerDone',
    caption: 'Registration finished',
    parameters: [FIRST_NAME],
    templates: [email('Welcome', HELLO, 'Your registration is finished. You can sign in now.')],
  },
  {
    name: 'registerConfirm',
    caption: 'Confirmation code of a registration',
    parameters: [CODE],
    lifetimeSeconds: 600,
    templates: [
      email('Your confirmation code', 'Your code is {{ code }}. Nobody of us will ever ask you for it.'),
      sms('Your code is {{ code }}'),
    ],
  },
  {
    name: 'restorePassword',
    caption: 'Code to set a new password',
    parameters: [FIRST_NAME, CODE],
    lifetimeSeconds: 600,
    templates: [
      email(
        'Your new password',
        HELLO,
        'Use the code {{ code }} to set a new password.',
        'If you did not ask for it, you need do nothing.',
      ),
    ],
  },
  {
    name: 'signInCode',
    caption: 'Code to sign in',
    parameters: [FIRST_NAME, CODE],
    lifetimeSeconds: 600,
    templates: [
      email('Your code to sign in', HELLO, 'Your code is {{ code }}. Nobody of us will ever ask you for it.'),
      sms('Your code is {{ code }}'),
    ],
  },
  {
    name: 'confirmChange',
    caption: 'Code to confirm what a client changes or pays out',
    parameters: [FIRST_NAME, CODE],
    lifetimeSeconds: 600,
    templates: [
      email(
        'Your code to confirm',
        HELLO,
        'Your code is {{ code }}. Nobody of us will ever ask you for it.',
        'If you did not change anything, set a new password.',
      ),
      sms('Your code is {{ code }}'),
    ],
  },
  {
    name: 'ProfileChanged',
    caption: 'Something about the client was changed',
    parameters: [FIRST_NAME, WHAT],
    templates: [
      email('Your {{ what }} was changed', HELLO, 'Your {{ what }} was changed. If that was not you, tell us at once.'),
    ],
  },
  {
    name: 'ProfileChangeReceived',
    caption: 'A change waits for a decision',
    parameters: [FIRST_NAME, WHAT],
    templates: [
      email(
        'We received your request',
        HELLO,
        'We are looking into your request about your {{ what }} and will tell you what came of it.',
      ),
    ],
  },
  {
    name: 'ProfileChangeRejected',
    caption: 'A change was not allowed',
    parameters: [FIRST_NAME, WHAT, REASON],
    templates: [
      email(
        'Your request was not approved',
        HELLO,
        'Your request about your {{ what }} was not approved: {{ reason }}',
      ),
    ],
  },
  {
    name: 'ProfileDeleted',
    caption: 'The profile was deleted',
    parameters: [],
    templates: [email('Your profile was deleted', 'Your profile was deleted, as you asked for.')],
  },
  {
    name: 'addressListed',
    caption: 'An address was added to those that payouts may go to',
    parameters: [FIRST_NAME],
    templates: [
      email(
        'A new address for your payouts',
        HELLO,
        'An address was added to the list of those that your payouts may go to.',
        'If it was not you, take it from the list, set a new password and write to us.',
      ),
    ],
  },
  {
    name: 'anyAddress',
    caption: 'Payouts may go to any address again',
    parameters: [FIRST_NAME],
    templates: [
      email(
        'Your payouts may go to any address',
        HELLO,
        'Address management was switched off: your payouts may go to addresses that are not in your list, at once or after the hours that a new address waits.',
        'If it was not you, switch it on again, set a new password and write to us.',
      ),
    ],
  },
  {
    name: 'signInEnded',
    caption: 'A sign-in was ended because its token was used twice',
    parameters: [FIRST_NAME],
    templates: [
      email(
        'You were signed out',
        HELLO,
        'One of your sign-ins was used from two places, so it was ended. Sign in again; if you do not know the other place, set a new password.',
      ),
    ],
  },
  {
    name: 'changePassword',
    caption: 'The password was changed',
    parameters: [FIRST_NAME],
    templates: [
      email('Your password was changed', HELLO, 'Your password was changed. If that was not you, tell us at once.'),
    ],
  },
  {
    name: 'factorEnabled',
    caption: 'A second factor was switched on',
    parameters: [FIRST_NAME, FACTOR],
    templates: [
      email(
        'A second factor was switched on',
        HELLO,
        '{{ factor }} is switched on: from now on its code is asked for when you sign in. If that was not you, tell us at once.',
      ),
    ],
  },
  {
    name: 'factorDisabled',
    caption: 'A second factor was switched off',
    parameters: [FIRST_NAME, FACTOR],
    templates: [
      email(
        'A second factor was switched off',
        HELLO,
        '{{ factor }} is switched off: its code is not asked for any more. If that was not you, tell us at once.',
      ),
    ],
  },
  {
    name: 'recoveryCodeUsed',
    caption: 'A recovery code was used',
    parameters: [FIRST_NAME, ['left', 'How many are left', '9']],
    templates: [
      email(
        'A recovery code was used',
        HELLO,
        'One of your recovery codes was used; {{ left }} are left. If that was not you, set a new password and tell us at once.',
      ),
    ],
  },
  {
    name: 'recoveryCodesIssued',
    caption: 'New recovery codes were issued',
    parameters: [FIRST_NAME],
    templates: [
      email(
        'New recovery codes',
        HELLO,
        'You have new recovery codes; the ones of before do nothing any more. If that was not you, tell us at once.',
      ),
    ],
  },
  {
    name: 'TradingPassword',
    caption: 'A new password of a trading account',
    parameters: [
      FIRST_NAME,
      ACCOUNT,
      ['platform', 'Platform', 'MT5 Live'],
      ['password', 'The password', 'aB3!aB3!aB3!'],
    ],
    // What it says is shown to nobody else, and is worthless to send much later.
    lifetimeSeconds: 86_400,
    templates: [
      email(
        'Your trading password',
        HELLO,
        'The new password of your account {{ account }} at {{ platform }} is: {{ password }}',
        'If you did not ask for it, tell us at once.',
      ),
    ],
  },
  {
    name: 'DepositSuccessful',
    caption: 'A deposit was credited',
    parameters: [FIRST_NAME, AMOUNT, CURRENCY, ACCOUNT, TRANSACTION],
    templates: [
      email(
        'Your deposit has arrived',
        HELLO,
        '{{ amount }} {{ currency }} were credited to your account {{ account }} (transaction {{ transactionId }}).',
      ),
    ],
  },
  {
    name: 'WithdrawDone',
    caption: 'A withdrawal was paid out',
    parameters: [FIRST_NAME, AMOUNT, CURRENCY, ACCOUNT, TRANSACTION],
    templates: [
      email(
        'Your withdrawal was paid',
        HELLO,
        '{{ amount }} {{ currency }} from your account {{ account }} were paid out (transaction {{ transactionId }}).',
      ),
    ],
  },
  {
    name: 'RequestReceived',
    caption: 'A request waits for a decision',
    parameters: [FIRST_NAME, AMOUNT, CURRENCY, TRANSACTION],
    templates: [
      email(
        'We received your request',
        HELLO,
        'We are looking into your request about {{ amount }} {{ currency }} (transaction {{ transactionId }}) and will tell you what came of it.',
      ),
    ],
  },
  {
    name: 'RequestRejected',
    caption: 'A request was rejected',
    parameters: [FIRST_NAME, AMOUNT, CURRENCY, TRANSACTION, REASON],
    templates: [
      email(
        'Your request was not approved',
        HELLO,
        'Your request about {{ amount }} {{ currency }} (transaction {{ transactionId }}) was not approved: {{ reason }}',
      ),
    ],
  },
  {
    name: 'VerificationBegan',
    caption: 'A verification was begun',
    parameters: [FIRST_NAME, LEVEL],
    templates: [
      email(
        'Your verification has begun',
        HELLO,
        'You have begun to verify yourself for {{ level }}. You can go on at any time: sign in and open your verification.',
      ),
    ],
  },
  {
    name: 'VerificationReceived',
    caption: 'Documents of a verification were received',
    parameters: [FIRST_NAME, LEVEL],
    templates: [
      email(
        'We received your documents',
        HELLO,
        'We received your documents for {{ level }} and are checking them. We will tell you what came of it.',
      ),
    ],
  },
  {
    name: 'VerificationRetry',
    caption: 'Better documents are wanted',
    parameters: [FIRST_NAME, LEVEL, ['reason', 'Why', 'The photo is blurred.']],
    templates: [
      email(
        'Please send us other documents',
        HELLO,
        'We could not verify you for {{ level }} with what you sent: {{ reason }}',
        'Sign in, open your verification and send it again.',
      ),
    ],
  },
  {
    name: 'VerificationApproved',
    caption: 'A verification was approved',
    parameters: [FIRST_NAME, LEVEL],
    templates: [
      email(
        'You are verified',
        HELLO,
        'You are verified for {{ level }} now. What you may do and how much is shown when you sign in.',
      ),
    ],
  },
  {
    name: 'VerificationRefused',
    caption: 'A verification was refused for good',
    parameters: [FIRST_NAME, LEVEL],
    templates: [
      email(
        'You could not be verified',
        HELLO,
        'We could not verify you for {{ level }}. If you think that this is a mistake, write to us.',
      ),
    ],
  },
  {
    name: 'VerificationWithdrawn',
    caption: 'A verification was taken back',
    parameters: [FIRST_NAME, LEVEL],
    templates: [
      email(
        'Your verification was taken back',
        HELLO,
        'Your verification for {{ level }} was taken back. You can verify yourself again, or write to us.',
      ),
    ],
  },
  {
    name: 'VerificationReminder',
    caption: 'A verification was begun and left',
    parameters: [FIRST_NAME, LEVEL],
    templates: [
      email(
        'Your verification waits for you',
        HELLO,
        'Your verification for {{ level }} is not finished: we wait for your documents. Sign in and go on where you left.',
      ),
    ],
  },
  {
    name: 'VerificationClosed',
    caption: 'A verification was not finished in time',
    parameters: [FIRST_NAME, LEVEL],
    templates: [
      email(
        'Your verification was closed',
        HELLO,
        'Your verification for {{ level }} was not finished in time and is closed. You can begin it again at any time.',
      ),
    ],
  },
  {
    name: 'VerificationExpiring',
    caption: 'Verified documents end soon',
    parameters: [FIRST_NAME, LEVEL, UNTIL, DAYS],
    templates: [
      email(
        'Your documents end soon',
        HELLO,
        'What verifies you for {{ level }} is good until {{ until }}. Please send new documents before: sign in and open your verification.',
      ),
    ],
  },
  {
    name: 'VerificationExpired',
    caption: 'Verified documents have ended',
    parameters: [FIRST_NAME, LEVEL],
    templates: [
      email(
        'Your documents have ended',
        HELLO,
        'What verified you for {{ level }} has ended, and so has that level. Sign in and verify yourself with new documents to have it again.',
      ),
    ],
  },
  {
    name: 'RequestToManager',
    caption: 'To operators: a request waits',
    parameters: [['request', 'Request', '77'], ['kind', 'Kind', 'withdrawal'], TRANSACTION],
    templates: [
      email(
        'Request {{ request }} waits',
        'Request {{ request }} ({{ kind }}, transaction {{ transactionId }}) waits for a decision.',
      ),
      chat('Request {{ request }} ({{ kind }}, transaction {{ transactionId }}) waits for a decision.'),
    ],
  },
];

/** key, value, type */
export const DEFAULT_STORAGE = [['signature', 'Your broker', 'string']] as const;

export const defaultTemplate = (type: string, channel: string, locale: string): DefaultTemplate | undefined =>
  DEFAULT_TYPES.find(({ name }) => name === type)?.templates.find(
    (one) => one.channel === channel && one.locale === locale,
  );
