import { ACCOUNT, type DefaultType, email, FIRST_NAME, HELLO } from './default-type.ts';

export const TRADING: readonly DefaultType[] = [
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
];
