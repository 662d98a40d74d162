import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto'; // CommonJS without named exports, as Node sees it
import { KeyRing } from '../config/key-ring.ts';

const ENCODING = 'binary/encrypted';
const PURPOSE = 'payload';
const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/**
 * Encrypts every payload that Temporal stores. Synchronous crypto inside, because a promise per payload costs more than the
 * cipher. What is not encrypted (typed by hand in Temporal UI) passes as it is.
 */
export const createCodec = (payloadKeys: string): PayloadCodec => {
  const ring = new KeyRing(payloadKeys);
  return {
    encode: (payloads) => Promise.resolve(payloads.map((payload) => seal(ring, payload))),
    decode: (payloads) => Promise.resolve(payloads.map((payload) => open(ring, payload))),
  };
};

const seal = (ring: KeyRing, payload: Payload): Payload => ({
  metadata: { encoding: Buffer.from(ENCODING), 'encryption-key-id': Buffer.from(ring.currentId) },
  data: ring.seal(PayloadMessage.encode(payload).finish(), PURPOSE),
});

const open = (ring: KeyRing, payload: Payload): Payload => {
  const encoding = payload.metadata?.['encoding'];
  if (!encoding || Buffer.from(encoding).toString() !== ENCODING || !payload.data) return payload;
  return PayloadMessage.decode(ring.open(payload.data, PURPOSE));
};
