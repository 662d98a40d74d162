import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Decision } from '../domain/decisions.ts';

/**
 * The API vouches for the person it has signed in: an HMAC over the run, the person and his word. A decision without it came
 * from Temporal UI, where nobody proves who he is.
 */
export class DecisionProof {
  private readonly key: string;

  /** `keys`: the hub's payload key ring; both API and workers have it. */
  constructor(keys: string) {
    this.key = `decision|${keys}`;
  }

  of(workflowId: string, { by, decision, resolutionId }: Decision): string {
    return createHmac('sha256', this.key)
      .update(JSON.stringify([workflowId, by, decision, resolutionId ?? null]))
      .digest('base64url');
  }

  holds(workflowId: string, decision: Decision): boolean {
    const expected = Buffer.from(this.of(workflowId, decision));
    const given = Buffer.from(decision.proof ?? '');
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}
