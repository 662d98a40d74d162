import { chat, type DefaultType, email, TRANSACTION } from './default-type.ts';

/** To operators, not to clients. */
export const OPERATORS: readonly DefaultType[] = [
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
