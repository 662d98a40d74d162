import { AMOUNT, CURRENCY, type DefaultType, email, FIRST_NAME, HELLO, sms } from './default-type.ts';

const CODE = ['code', 'The code', '493027'] as const;
const PROCEDURE = ['procedure', 'Type of the wizard', 'withdrawals'] as const;
const TO = ['to', 'Where the money goes', 'TXYZ7vWcN3pLr5aQm2dHk8sFb1uJe4gT6x'] as const;

const ITS_MEANING =
  "{% case procedure %}{% when 'withdrawals' %}It pays out {{ amount }} {{ currency }} to {{ to }}.{% when 'whitelistCreation' %}It lets payouts of {{ currency }} go to {{ to }}.{% else %}It confirms something you change.{% endcase %}";

/** A registration, and the codes that confirm who somebody is. */
export const CODES: readonly DefaultType[] = [
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
    parameters: [FIRST_NAME, CODE, PROCEDURE, AMOUNT, CURRENCY, TO],
    lifetimeSeconds: 600,
    templates: [
      email(
        'Your code to confirm',
        HELLO,
        'Your code is {{ code }}. Nobody of us will ever ask you for it.',
        ITS_MEANING,
        'If that is not what you want, do not enter it, set a new password and write to us.',
      ),
      sms(`Your code is {{ code }}. ${ITS_MEANING}`),
    ],
  },
];
