import {
  ACCOUNT,
  AMOUNT,
  CURRENCY,
  type DefaultType,
  email,
  FIRST_NAME,
  HELLO,
  REASON,
  TRANSACTION,
} from './default-type.ts';

export const MONEY: readonly DefaultType[] = [
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
];
