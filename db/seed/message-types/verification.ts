import { type DefaultType, email, FIRST_NAME, HELLO } from './default-type.ts';

const LEVEL = ['level', 'Level of verification', 'Level 2'] as const;
const UNTIL = ['until', 'Last day, YYYY-MM-DD', '2027-05-31'] as const;
const DAYS = ['days', 'Days until then', '7'] as const;

export const VERIFICATION: readonly DefaultType[] = [
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
];
