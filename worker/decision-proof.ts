import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { CancelWish } from '../domain/cancelling.ts';
import type { Decision } from '../domain/decisions.ts';

/**
 * The API vouches for the person it has signed in: '{key id}.{HMAC}' over the run, the request, the person and his word. A decision, or a wish to cancel,
 * without it came from Temporal UI, where nobody proves who he is. Signed with the first key of the payload ring, checked with
 * the one it names, so that rotating the ring strands no decision.
 */
export class DecisionProof {
  private readonly keys: ReadonlyMap<string, KeyObject>;
  private readonly current: string;

  /** `payloadKeys`: 'id:base64key[,id:base64key]'; API and workers have it both. */
  constructor(payloadKeys: string) {
    const entries = payloadKeys.split(',').map((part): [string, KeyObject] => {
      const [id, key] = part.trim().split(':') as [string, string];
      return [id, createSecretKey(key, 'base64')];
    });
    this.keys = new Map(entries);
    this.current = entries[0]![0];
  }

  of(workflowId: string, decision: Decision): string {
    return this.sign(decisionSaid(workflowId, decision));
  }

  holds(workflowId: string, decision: Decision): boolean {
    return this.fits(decision.proof, decisionSaid(workflowId, decision));
  }

  ofCancel(workflowId: string, wish: CancelWish): string {
    return this.sign(cancelSaid(workflowId, wish));
  }

  holdsForCancel(workflowId: string, wish: CancelWish): boolean {
    return this.fits(wish.proof, cancelSaid(workflowId, wish));
  }

  private sign(said: string): string {
    return `${this.current}.${this.mac(this.current, said)}`;
  }

  private fits(proof: string | undefined, said: string): boolean {
    const [id = '', mac = ''] = (proof ?? '').split('.');
    if (!this.keys.has(id)) return false;
    const expected = Buffer.from(this.mac(id, said));
    const given = Buffer.from(mac);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  private mac(id: string, said: string): string {
    return createHmac('sha256', this.keys.get(id)!).update(said).digest('base64url');
  }
}

const decisionSaid = (workflowId: string, { by, decision, applicationId, version, resolutionId }: Decision): string => {
  const about = [applicationId ?? null, ...(version === undefined ? [] : [version])];
  return JSON.stringify(['decision', workflowId, ...about, by, decision, resolutionId ?? null]);
};

const cancelSaid = (workflowId: string, { by, comment, requestId }: CancelWish): string =>
  JSON.stringify(['cancel', workflowId, by, comment ?? null, requestId ?? null]);
