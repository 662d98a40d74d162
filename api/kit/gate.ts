import type { Request } from 'express';
import type pg from 'pg';
import type { Memory } from '../../db/memory.ts';
import { type AddressPolicy, type PolicyRow, compilePolicies, letsIn } from './address-policies.ts';
import { problem } from './errors.ts';

/** Asked by load balancers: a list that closed them would take the process away from everybody. */
const ALWAYS_OPEN: ReadonlySet<string> = new Set(['/livez', '/readyz']);

export interface Gate {
  /** Throws 403, or answers with a promise that does, unless the caller's address may ask for this path. */
  pass: (req: Request) => void | Promise<void>;
  /** Those in force: the same object as long as nothing in them changed. */
  lists: () => Promise<readonly AddressPolicy[]>;
}

/** The black and white lists, before anything else of a request. While there are none, and they are known, a request pays for one look into a map. */
export const createGate = (pool: pg.Pool, memory: Memory): Gate => {
  let last: AddressPolicy[] | undefined;
  let read = '';
  const load = async (): Promise<AddressPolicy[]> => {
    try {
      const { rows } = await pool.query<PolicyRow>(
        'select permission, ip, route from security_policy where active order by id',
      );
      const now = JSON.stringify(rows);
      if (last === undefined || now !== read) [last, read] = [compilePolicies(rows), now];
      return last;
    } catch (error) {
      // While the database is away the lists stay as they were.
      if (last === undefined) throw error;
      return last;
    }
  };
  const remembered = memory.remember({ tables: ['security_policy'], load });

  return {
    pass: (req) => {
      const known = remembered.now('all');
      if (known) return assertLetIn(known, req);
      if (ALWAYS_OPEN.has(req.path)) return;
      return remembered.get('all').then((policies) => assertLetIn(policies, req));
    },
    lists: () => remembered.get('all'),
  };
};

const assertLetIn = (policies: readonly AddressPolicy[], req: Request): void => {
  if (policies.length === 0 || ALWAYS_OPEN.has(req.path) || letsIn(policies, req.ip ?? '', req.path)) return;
  throw problem(403, 'address_denied', 'Nobody is let in here from this address.');
};
