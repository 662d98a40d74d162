import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Decision } from '../domain/decisions.ts';

/**
 * The API vouches for the person it has signed in: '{key id}.{HMAC}' over the run, the request, the person and his word. A decision
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
    return `${this.current}.${this.mac(this.current, workflowId, decision)}`;
  }

  holds(workflowId: string, decision: Decision): boolean {
    const [id = '', mac = ''] = (decision.proof ?? '').split('.');
    if (!this.keys.has(id)) return false;
    const expected = Buffer.from(this.mac(id, workflowId, decision));
    const given = Buffer.from(mac);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  private mac(
    id: string,
    workflowId: string,
    { by, decision, applicationId, version, resolutionId }: Decision,
  ): string {
    const about = [applicationId ?? null, ...(version === undefined ? [] : [version])];
    const said = JSON.stringify(['decision', workflowId, ...about, by, decision, resolutionId ?? null]);
    return createHmac('sha256', this.keys.get(id)!).update(said).digest('base64url');
  }
}
