import type { NodemailerError } from 'nodemailer';
import { HubFailure, isHubFailure } from '../../../domain/failures.ts';
import { withoutSent } from '../../kit/answers.ts';
import type { AdapterContext } from '../../kit/context.ts';
import type { OutgoingMessage } from '../../kit/messaging.ts';

/** The mail server wants somebody else, or another way of signing in (RFC 4954). */
const SIGN_IN_REPLIES = new Set([530, 534, 535, 538]);
/** Too big: said about the mail although it answers MAIL FROM (RFC 1870). */
const SIZE_REPLIES = new Set([523, 552]);
/** What is refused here is us, before any mail was spoken of. */
const OPENING = new Set(['CONN', 'EHLO', 'HELO', 'STARTTLS']);
/**
 * Enhanced codes (RFC 3463, 5.7.x: policy, 5.1.7 and 5.1.8: the sender's address) that speak of us, whatever they answer; besides what Gmail says to who has
 * sent too much today, and Exchange to who may not send as this sender. Another connection may send the mail.
 */
const ABOUT_US = /^5\d\d[ -]5\.(7\.\d+|1\.[78]|4\.5|2\.252)\b/;

/**
 * What an error of nodemailer means. `handedOver`: the whole mail with its final dot was written, so from here on a lost reply says nothing.
 * Before that a server has nothing it could deliver (RFC 5321, 4.1.1.4). `sent` is taken out of what the server says: it quotes addresses.
 */
export const failureOf = (
  ctx: Pick<AdapterContext, 'scrub'>,
  error: unknown,
  handedOver: boolean,
  sent: Partial<OutgoingMessage> = {},
): HubFailure => {
  if (isHubFailure(error)) return error;
  const { code = '', command = '', response = '', responseCode, permanent } = error as NodemailerError;
  const facts = { providerCode: String(responseCode ?? code) };
  const say = (what: string) =>
    ['The mail server', what, ctx.scrub(withoutSent(response || code, [sent.to, sent.subject]))].join(' ');

  if (responseCode === undefined && handedOver)
    return new HubFailure(
      'OutcomeUnknown',
      'provider_outcome_unknown',
      say('did not say whether it took the mail:'),
      facts,
    );
  if (permanent === false)
    return new HubFailure('Unavailable', 'provider_unavailable', say('cannot take the mail now:'), facts);
  if (isOurFault({ code, command, response, responseCode, handedOver }))
    return new HubFailure(
      'Config',
      'provider_misconfigured',
      say(`does not accept us (${command || 'settings'}):`),
      facts,
    );
  // Without a reply it was nodemailer that saw: no address, or a mail above the server's size.
  if (permanent || (response === '' && (code === 'EENVELOPE' || code === 'EMESSAGE')))
    return new HubFailure('Rejected', 'provider_refused', say('refused the mail:'), facts);
  return new HubFailure('Unavailable', 'provider_unavailable', say('broke off before it had the mail:'), facts);
};

/** Signing in, STARTTLS that is not offered, a server that wants nothing from us, a sender it does not let us use. */
const isOurFault = ({ code, command, response, responseCode, handedOver }: Reply): boolean => {
  if (['EAUTH', 'ENOAUTH', 'ECONFIG'].includes(code)) return true;
  if (responseCode === undefined) return false;
  if (code === 'ETLS' || SIGN_IN_REPLIES.has(responseCode) || ABOUT_US.test(response)) return true;
  // What cuts a mail short has the command of the opening too.
  if (SIZE_REPLIES.has(responseCode)) return false;
  return command === 'MAIL FROM' || (OPENING.has(command) && !handedOver);
};

interface Reply {
  code: string;
  command: string;
  response: string;
  responseCode: number | undefined;
  handedOver: boolean;
}
