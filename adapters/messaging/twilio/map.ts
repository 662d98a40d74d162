import type { DeliveryState, MessageReport } from '../../kit/messaging.ts';

const STATES: Record<string, DeliveryState> = {
  queued: 'accepted',
  accepted: 'accepted',
  scheduled: 'accepted',
  sending: 'accepted',
  sent: 'sent',
  partially_delivered: 'sent',
  delivered: 'delivered',
  read: 'delivered',
  undelivered: 'failed',
  failed: 'failed',
  canceled: 'failed',
};

/** From an answer of the API or from a callback. */
export const reportOf = (sid: string, status: string, code: string, why: string): MessageReport => ({
  providerId: sid,
  state: STATES[status] ?? 'unknown',
  providerStatus: status,
  ...(code !== '' && { code }),
  ...(why !== '' && { why }),
});
