import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SandboxBookEntry } from '../../adapters/kit/sandbox.ts';
import { isFinal, type Stage } from '../../domain/stages.ts';
import type { SandboxControl } from '../../sandbox/control.ts';
import type { Office, Operator } from './cast.ts';
import { type Answer, complaintOf, type HubApi } from './hub-api.ts';
import type { Stack } from './stack.ts';
import type { Telling } from './teller.ts';
import { BOOKKEEPERS } from './venues.ts';

/** A transaction of a run, with the request that waits for a person. */
export interface Standing {
  id: number;
  type: 'deposit' | 'withdrawal' | 'transfer';
  stage: Stage;
  reference: string;
  workflowId: string;
  amount: string;
  clientId: number;
  arrival: string | null;
  /** Name of the connection it goes through. */
  venue: string | null;
  providerId: string | null;
  requestedBy: number | null;
  requestId: number | null;
  purpose: 'approval' | 'assistance' | 'review' | null;
  creditable: string | null;
}

export const standings = async ({ pool }: Stack, clientIds: readonly number[]): Promise<Standing[]> =>
  (
    await pool.query<Standing>(
      `select t.transaction_id as id, t.type, t.stage, t.reference, t.workflow_id as "workflowId", trim_scale(t.amount)::text as amount,
              t.client_id as "clientId", t.arrival, co.name as venue, t.provider_id as "providerId", t.user_id as "requestedBy", a.id as "requestId", a.purpose, a.data ->> 'amount' as creditable
         from money_transaction t
         left join account ad on ad.account_id = t.debit_account_id left join platform pd on pd.id = ad.platform_id
         left join account ac on ac.account_id = t.credit_account_id left join platform pc on pc.id = ac.platform_id
         left join connection co on co.id = coalesce(t.connection_id, pd.connection_id, pc.connection_id)
         left join application a on a.transaction_id = t.transaction_id and a.status_id in (0, 3)
        where t.client_id = any($1) order by t.transaction_id`,
      [clientIds],
    )
  ).rows;

/** Payer, provider's staff and operators of one run: they look every moment what waits for them, and do what the story says. */
export class Operators {
  private readonly stack: Stack;
  private readonly api: HubApi;
  private readonly office: Office;
  private readonly tellings: readonly Telling[];
  private readonly meddling: { cancels: boolean } | undefined;
  private readonly busy = new Set<string>();
  private readonly rests = new Map<string, number>();
  private stopped = false;

  /** `meddling`: somebody ends runs from outside; they look after them. */
  constructor(
    stack: Stack,
    api: HubApi,
    office: Office,
    tellings: readonly Telling[],
    meddling?: { cancels: boolean },
  ) {
    this.stack = stack;
    this.api = api;
    this.office = office;
    this.tellings = tellings;
    this.meddling = meddling;
  }

  /** Works until `stop`. Never throws: a hub that is down is part of the day. */
  async work(): Promise<void> {
    while (!this.stopped) {
      await this.round().catch(() => undefined);
      await sleep(60);
    }
  }

  stop(): void {
    this.stopped = true;
  }

  /** True while somebody still waits for an answer to a decision. */
  get talking(): boolean {
    return this.busy.size > 0;
  }

  private async round(): Promise<void> {
    const all = await standings(
      this.stack,
      this.tellings.map(({ client }) => client.clientId),
    );
    for (const standing of all) {
      const telling = this.tellings.find(({ client }) => client.clientId === standing.clientId)!;
      this.payer(telling, standing);
      this.cashier(telling, standing);
      this.providersStaff(standing);
      if (this.meddling && !isFinal(standing.stage)) this.onCall(standing, this.meddling);
      const { requestId } = standing;
      if (requestId !== null) this.once(`request ${requestId}`, () => this.decide(telling, standing, requestId));
    }
  }

  /** Does it in the background, one at a time for each thing, with a rest between. */
  private once(what: string, act: () => Promise<void>): void {
    if (this.busy.has(what) || (this.rests.get(what) ?? 0) > Date.now()) return;
    this.busy.add(what);
    void act()
      .catch(() => undefined)
      .finally(() => {
        this.rests.set(what, Date.now() + 120);
        this.busy.delete(what);
      });
  }

  private payer({ story, paid, paidTwice }: Telling, standing: Standing): void {
    const { id, type, venue, reference, stage, arrival, providerId } = standing;
    const bank = bankOf(this.stack, venue);
    if (type !== 'deposit' || bank === null || arrival !== null || providerId === null) return;
    const here = movements(bank.books(), 'deposit', reference).length;
    const pay = () => {
      paid.set(id, Date.now());
      void bank.pay(providerId).catch(() => undefined);
    };
    const isPaid = paid.get(id);
    if (stage === 'awaiting_payer' && here === 0) {
      // Whose payment was declined does not try again: the page runs out.
      const gaveUp = isPaid !== undefined && (/\.0[23]$/.test(story.amount) || Date.now() - isPaid > PAGE_LEFT_MS);
      if (story.pays === 'never' || story.pays === 'late' || gaveUp)
        void bank.advance(providerId, 'expire').catch(() => undefined);
      else if (isPaid === undefined) pay();
    }
    if (story.pays === 'late' && stage === 'expired' && isPaid === undefined) pay();
    // Its books show the second payment only once it is confirmed.
    if (story.pays === 'twice' && stage === 'done' && here === 1 && !paidTwice.has(id)) {
      paidTwice.add(id);
      pay();
    }
  }

  /** The client says on the provider's page where his money shall go, or never does. */
  private cashier({ story }: Telling, { stage, venue, reference }: Standing): void {
    const bank = stage === 'awaiting_client' ? bankOf(this.stack, venue) : null;
    const done = story.pays === 'never' ? bank?.advance(reference, 'expire') : bank?.pay(reference);
    void done?.catch(() => undefined);
  }

  /** `.10`: a person at the provider approves it. */
  private providersStaff({ venue, stage, amount, providerId }: Standing): void {
    if (isFinal(stage) || providerId === null || !/\.1(0*)$/.test(amount)) return;
    void bankOf(this.stack, venue)
      ?.advance(providerId, 'approve')
      .catch(() => undefined);
  }

  /** Looks after what no run tells any more. The sweep would say so too, seconds later. */
  private onCall({ id, workflowId }: Standing, { cancels }: { cancels: boolean }): void {
    this.once(`run ${id}`, async () => {
      const { status } = await this.stack.client.workflow.getHandle(workflowId).describe();
      if (status.name !== 'TERMINATED') return;
      const call = (what: 'resume' | 'cancel') =>
        this.api.call(`POST /transactions/${id}/${what}`, {
          token: this.office.olga.token,
          key: randomUUID(),
          body: {},
        });
      await call('resume');
      if (cancels) await call('cancel');
    });
  }

  private async decide(telling: Telling, standing: Standing, requestId: number): Promise<void> {
    if (standing.purpose === 'assistance') return this.assist(telling, standing, requestId);
    if (standing.purpose === 'review') return this.review(telling, standing, requestId);
    const { olga, boris, clerk } = this.office;
    const { decision } = telling.story;
    const yes = (by: Operator) => this.say(telling, by, requestId, 'approve', standing);
    const no = (by: Operator) => this.say(telling, by, requestId, 'reject', standing);
    switch (decision) {
      case 'reject':
        await no(olga);
        return;
      case 'race':
        await Promise.all([yes(olga), no(boris)]);
        return;
      case 'double':
        await Promise.all([yes(olga), yes(olga)]);
        await yes(boris);
        return;
      case 'own':
        await yes(clerk);
        await yes(boris);
        return;
      case 'approve':
      case 'cancel':
        await yes(olga);
        if (await this.isOpen(requestId)) await yes(boris);
    }
  }

  private async isOpen(requestId: number): Promise<boolean> {
    const { rows } = await this.stack.pool.query(`select from application where id = $1 and status_id in (0, 3)`, [
      requestId,
    ]);
    return rows.length > 0;
  }

  /** Money came, but not as ordered: credited when there is an amount that may be. */
  private async review(telling: Telling, standing: Standing, requestId: number): Promise<void> {
    const { olga, boris } = this.office;
    if (standing.creditable === null || telling.story.decision === 'reject') {
      await this.say(telling, olga, requestId, 'reject', standing);
      return;
    }
    await this.say(telling, olga, requestId, 'approve', standing);
    if (await this.isOpen(requestId)) await this.say(telling, boris, requestId, 'approve', standing);
  }

  /** Looks into the provider's books, as the runbook says, and tells what is written there. */
  private async assist(telling: Telling, standing: Standing, requestId: number): Promise<void> {
    const written = effective(bankOf(this.stack, standing.venue)!.books(), standing.reference);
    const { olga, boris, clerk } = this.office;
    const by = [olga, boris, clerk].find(({ id }) => id !== standing.requestedBy)!;
    // What is under way there is not known yet: keep asking.
    const unsettled = written.some(({ state }) => state === 'processing') || this.isTaken(standing);
    if (unsettled || telling.story.assistance === 'continue') {
      const answer = await this.api.call(`PUT /transactions/${standing.id}`, {
        token: by.token,
        body: { status: 'inProgress' },
      });
      telling.decisions.push(`continue: ${complaintOf(answer)}`);
      if (answer.status < 300) return;
    }
    await this.say(telling, by, requestId, written.length > 0 ? 'approve' : 'reject', standing);
  }

  /** The provider has the order, and money did not move yet. */
  private isTaken({ reference, venue }: Standing): boolean {
    return bankOf(this.stack, venue)!.received.some(
      ({ method, url, body, status }) =>
        method !== 'GET' && status === undefined && (body.includes(reference) || url.includes(reference)),
    );
  }

  private async say(
    { decisions }: Telling,
    by: Operator,
    requestId: number,
    word: 'approve' | 'reject',
    standing: Standing,
  ): Promise<Answer> {
    const atTheBank = bankOf(this.stack, standing.venue) === null && standing.purpose === 'approval';
    const evidence = { bankReference: `stmt ${standing.id}`, valueDate: '2026-01-31' };
    const answer = await this.api.call(`POST /applications/${requestId}/${word}`, {
      token: by.token,
      key: randomUUID(),
      body: word === 'reject' ? { resolutionId: 1 } : atTheBank ? { evidence } : {},
    });
    decisions.push(`${word} by ${by.id}: ${complaintOf(answer)}`);
    return answer;
  }
}

/** How long a payer looks at a page that does not take his money. */
const PAGE_LEFT_MS = 4_000;

/** The sandbox behind a connection; null where people move the money by hand, and where nobody else is asked. */
export const bankOf = (stack: Stack, venue: string | null): SandboxControl | null => {
  const provider = stack.venues.get(venue ?? '')?.provider;
  return provider !== undefined && BOOKKEEPERS.includes(provider) ? stack.sandbox(provider) : null;
};

type Books = readonly SandboxBookEntry[];

/** What stands in a provider's books of one kind for a reference. */
export const movements = (books: Books, kind: SandboxBookEntry['kind'], reference: string): SandboxBookEntry[] =>
  books.filter((entry) => entry.kind === kind && entry.reference === reference);

/** What stands there for a reference and was not given back. */
export const effective = (books: Books, reference: string): SandboxBookEntry[] =>
  books.filter((entry) => entry.reference === reference && entry.state !== 'returned');
