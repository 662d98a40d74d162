import type { SandboxDesk } from '../../../kit/sandbox.ts';
import { missing } from './errors.ts';
import type { Thing } from './thing.ts';

export const KEY = 'sk_test_sandbox';
export const SECRETS = ['whsec_sandbox', 'whsec_sandbox_next'] as const;
export const ACCOUNTS = ['acct_1SandboxAnna', 'acct_1SandboxBen', 'ba_1SandboxBank'];
export const DAY = 86_400_000;
const PREFIX: Record<string, string> = {
  'checkout.session': 'cs_test',
  payment_intent: 'pi',
  charge: 'ch',
  refund: 're',
  dispute: 'du',
  transfer: 'tr',
  transfer_reversal: 'trr',
  payout: 'po',
  balance_transaction: 'txn',
  event: 'evt',
  webhook_endpoint: 'we',
};

/** What was answered, to be said again under the same key. */
export interface Outcome {
  status: number;
  body: string;
  /** Minor part of the amount, which may ask for trouble. */
  magic: string;
}

/** A merchant's account: its objects by id, its balance, its clock. */
export class Account {
  readonly things = new Map<string, Thing>();
  readonly keys = new Map<string, { print: string; until: number; outcome: Outcome }>();
  /** The secrets that events are signed with now. */
  signedWith: readonly string[] = SECRETS.slice(0, 1);
  #next = 100_001;
  #desk: SandboxDesk | undefined;

  get desk(): SandboxDesk {
    return this.#desk!;
  }

  mount(desk: SandboxDesk): void {
    this.#desk = desk;
  }

  reset(): void {
    this.things.clear();
    this.keys.clear();
    this.signedWith = SECRETS.slice(0, 1);
  }

  numberFrom(since: number): void {
    this.#next += since * 100;
  }

  now(): number {
    return this.desk.now();
  }

  later(ms: number, run: () => unknown): void {
    this.desk.later(ms, () => void run());
  }

  /** Newest first. */
  all(object: string): Thing[] {
    return [...this.things.values()].filter((thing) => thing.object === object).toReversed();
  }

  known(id: unknown): Thing {
    const thing = this.things.get(String(id));
    if (!thing) throw missing('object', String(id));
    return thing;
  }

  add(object: string, facts: Partial<Thing>): Thing {
    const thing = {
      id: `${PREFIX[object]}_${this.#next++}`,
      object,
      created: Math.floor(this.now() / 1000),
      livemode: false,
      metadata: {},
      ...facts,
    };
    this.things.set(thing.id, thing as Thing);
    return thing as Thing;
  }

  /** What moves the balance; `amount` is signed. */
  book(type: string, { id, currency }: Thing, amount: bigint, fee = 0n): string {
    return this.add('balance_transaction', { type, source: id, amount, fee, net: amount - fee, currency }).id;
  }
}
