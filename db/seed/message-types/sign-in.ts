import { type DefaultType, email, FIRST_NAME, HELLO } from './default-type.ts';

const FACTOR = ['factor', 'Which one', 'Google Authenticator'] as const;

/** What became of a sign-in or of what one signs in with: if it was not the client, he learns it here. */
export const SIGN_IN: readonly DefaultType[] = [
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
];
