import { type DefaultType, email, FIRST_NAME, HELLO } from './default-type.ts';

/** Where payouts may go. */
export const ADDRESSES: readonly DefaultType[] = [
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
];
