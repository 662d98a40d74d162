import { garbage } from '../../kit/answers.ts';
import { fillInTable } from '../../kit/fill-in.ts';
import { word } from '../../kit/json.ts';
import type { DeliveryState, MessageReport, OutgoingMessage } from '../../kit/messaging.ts';
import type { Thing } from '../any/client.ts';

/** What is not in it is `unknown`. */
const WORDS: Record<string, DeliveryState> = fillInTable(
  "map.ts, WORDS: their status words, e.g. { QUEUED: 'accepted', DELIVERED: 'delivered', FAILED: 'failed' }",
);

/** E-mails also have `subject` and `html`. */
export const theirMessage = ({ reference, to, text }: OutgoingMessage) => ({ reference, to, text });

export const reportOf = (thing: Thing): MessageReport => {
  if (!word(thing['id'])) throw garbage({ provider: 'Acme', what: 'read id', effect: 'read' });
  return {
    providerId: word(thing['id']),
    state: WORDS[word(thing['status'])] ?? 'unknown',
    providerStatus: word(thing['status']),
  };
};
