import { toDataURL } from 'qrcode';
import { z } from 'zod';
import { brokerSetting } from '../../../db/repositories/broker-settings.ts';
import { countTry, forgiveTries, refuseCode } from '../codes.ts';
import { recipientOf } from '../recipients.ts';
import { type At, defineStep } from '../step.ts';
import { base32, totpStepOf, totpUri } from '../totp.ts';
import { codeSent } from './email-code.ts';
import { beginTries } from './totp.ts';

/** What a run that switches an app on is opened with: the secret, in base64. It lies sealed with the run until a code of it is given. */
export interface NewApp {
  totpSecret: string;
}

const secretOf = async <S>({ draft }: At<S>): Promise<Buffer> =>
  Buffer.from(((await draft()) as unknown as NewApp).totpSecret, 'base64');

const Asks = z
  .object({
    qr: z.string().meta({ description: 'A picture as data: URL, for the camera of the app.' }),
    key: z.string().meta({ description: 'The same to type in, in base32.' }),
  })
  .meta({
    id: 'AuthenticatorKey',
    description: 'A new authenticator app. Send `{uuid, code}`: what the app shows then.',
  });

/** A new authenticator app: its key is shown, and shows by a code that it has arrived. */
export const totpKey = defineStep<Record<string, never>, { code: string }>({
  kind: 'totp-key',
  types: ['twoFactorChange'],
  settings: z.strictObject({}),
  takes: ['client'],
  workflow: () => '2fa_google',
  asks: Asks,
  begin: beginTries,
  form: async (asked): Promise<z.input<typeof Asks>> => {
    const secret = await secretOf(asked);
    const issuer = await brokerSetting(asked.db, 'clients.authenticatorName');
    const { to } = await recipientOf(asked, 'email');
    return { qr: await toDataURL(totpUri(secret, issuer, to)), key: base32(secret) };
  },
  sent: codeSent,
  check: async (asked, { code }) => {
    await countTry(asked);
    const totpStep = totpStepOf(await secretOf(asked), code, Date.now());
    if (totpStep === null) return refuseCode(asked);
    await forgiveTries(asked);
    return { keep: { totpStep } };
  },
});
