import type { NodemailerError } from 'nodemailer';
import { HubFailure, isHubFailure } from '../../../domain/failures.ts';
import { withoutSent } from '../../kit/answers.ts';
import type { AdapterContext } from '../../kit/context.ts';
import type { OutgoingMessage } from '../../kit/messaging.ts';

/** The mail server wants somebody else, or another way of signing in (RFC 4954). */
const SIGN_IN_REPLIES = new Set([530, 534, 535, 538]);
/** Too big: said about the mail although it answers MAIL FROM (RFC 1870). */
const SIZE_REPLIES = new Set([523, 552]);

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
  if (isOurFault(code, command, responseCode))
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

/** Signing in, STARTTLS that is not offered, a sender it does not let us use. */
const isOurFault = (code: string, command: string, reply: number | undefined): boolean =>
  ['EAUTH', 'ENOAUTH', 'ECONFIG'].includes(code) ||
  (reply !== undefined &&
    (code === 'ETLS' || SIGN_IN_REPLIES.has(reply) || (command === 'MAIL FROM' && !SIZE_REPLIES.has(reply))));
