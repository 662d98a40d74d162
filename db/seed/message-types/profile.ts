import { type DefaultType, email, FIRST_NAME, HELLO, REASON } from './default-type.ts';

const WHAT = ['what', 'What it is about', 'phone number'] as const;

/** What was changed about a client, or was asked to be. */
export const PROFILE: readonly DefaultType[] = [
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
];
