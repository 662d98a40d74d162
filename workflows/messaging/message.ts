import { defineSearchAttributeKey } from '@temporalio/common';
import { patched, setCurrentDetails, sleep, upsertSearchAttributes } from '@temporalio/workflow';
import type { MessageReport } from '../../adapters/kit/messaging.ts';
import type { MessagePlan, MessageState, Route } from '../../domain/messages.ts';
import type { Answer } from '../../domain/outcomes.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.ts';
import { delay, TIMINGS, type Timings, untilLook } from '../../domain/timings.ts';
import { atProvider, internal, setPatience } from '../kit/activities.ts';
import { attempted } from '../kit/attempted.ts';
import { uncancelled } from '../kit/uncancelled.ts';

export interface MessageInput {
  messageId: number;
  timings?: Partial<Timings>;
}

/** How often a message is sent again when nobody can tell whether it was sent: rather twice than never, and not more. */
const BLIND_REPEATS = 1;

const UNTOLD = 'The provider cannot tell whether it was sent.';

/** Where many wait for one connection: a code is worth nothing in ten minutes, and whoever waits for it looks at his screen. */
const PRIORITY = { expiring: 1, lasting: 4 };

const keys = {
  kind: defineSearchAttributeKey('HubKind', SEARCH_ATTRIBUTES.HubKind),
  status: defineSearchAttributeKey('HubStatus', SEARCH_ATTRIBUTES.HubStatus),
};

/**
 * Brings one message to a provider: tries the connections of its channel one after the other, waits longer after each round, and never sends again what
 * may be on its way before it was asked for (docs/decisions/0024-one-run-per-message.md). Its row tells everything else; the run ends when a provider has it.
 */
export async function message({ messageId, timings: given }: MessageInput): Promise<{ state: MessageState }> {
  const timings = { ...TIMINGS, ...given };
  setPatience(timings);
  upsertSearchAttributes([
    { key: keys.kind, value: 'message' },
    { key: keys.status, value: 'queued' },
  ]);
  const state = await uncancelled('take it back in the Back Office (messages).', () => new Sending(messageId, timings));
  upsertSearchAttributes([{ key: keys.status, value: state }]);
  return { state };
}

type Open = Extract<MessagePlan, { over: null }>;

class Sending {
  private readonly messageId: number;
  private readonly timings: Timings;
  private readonly giveUpAt: number;
  /** When it is given up, or worth nothing any more. */
  private until: number;
  private priority = PRIORITY.lasting;
  private readonly log: string[] = [];
  /** Connections that could not send it in this round. */
  private readonly failed = new Set<number>();
  private round = 0;
  private repeats = 0;
  /** Begun while a repeat that could not be sent went nowhere else: such a run waits for its connection to its end. */
  private staysThere = false;

  constructor(messageId: number, timings: Timings) {
    this.messageId = messageId;
    this.timings = timings;
    this.giveUpAt = Date.now() + timings.sendFor;
    this.until = this.giveUpAt;
  }

  /** An attempt may have arrived that nobody can tell of: no later "no" is the whole truth. */
  private get inDoubt(): boolean {
    return this.repeats > 0;
  }

  async live(): Promise<MessageState> {
    for (;;) {
      const plan = await this.plan();
      if (plan.over !== null) return plan.over;
      const route = this.choose(plan);
      if (!route) await this.nextRound(plan);
      else if (await this.tryAt(route, plan.attempts + 1)) this.failed.add(route.connectionId);
    }
  }

  /** What may have been sent is repeated where it was sent: there the same id is known. Elsewhere only when it cannot be: a code that comes twice beats one that never comes. */
  private choose({ routes, lastConnectionId }: Open): Route | undefined {
    const left = routes.filter(({ connectionId }) => !this.failed.has(connectionId));
    const last = this.inDoubt ? left.find((one) => one.connectionId === lastConnectionId) : undefined;
    return last ?? (this.staysThere ? undefined : left[0]);
  }

  /** True when this connection surely did not send it and another may. */
  private async tryAt(route: Route, attempt: number): Promise<boolean> {
    const { connectionId, provider } = route;
    const answer = await this.send(route, attempt);
    switch (answer.outcome) {
      case 'done':
      case 'pending':
        this.note(`${provider} has it: ${answer.report.providerStatus}.`);
        await this.reported(attempt, answer.report);
        return false;
      case 'refused':
        // How it ended is what the plan tells: expired, cancelled, delivered after all.
        if (answer.reason === 'already_done' && patched('what-is-over-is-not-refused')) return false;
        this.note(`${provider} refused it: ${answer.message}.`);
        await this.write({ attempt, state: 'failed', reason: answer.message });
        return false;
      case 'not_sent':
        this.note(`Not sent by ${provider}: ${answer.message}.`);
        await this.write({ attempt, state: 'queued', reason: answer.message });
        return true;
      case 'unknown':
        this.note(`Outcome unknown at ${provider}: ${answer.message}.`);
        await this.write({ attempt, state: 'sending', reason: answer.message });
        await this.findOut({ ...route, connectionId }, attempt);
        return false;
    }
  }

  private send({ connectionId, provider }: Route, attempt: number): Promise<Answer<MessageReport>> {
    // What nobody takes up, because the connection is paused meanwhile, goes another way.
    const at = atProvider(connectionId, `Sending through ${provider}`, this.timings.settleAfter, this.priority);
    return attempted(at.sendMessage({ messageId: this.messageId, connectionId, attempt }));
  }

  /** Waits until it is known what became of an attempt; comes back when the message is over, or may be sent again. */
  private async findOut(route: Route, attempt: number): Promise<void> {
    const { timings } = this;
    if (route.idempotency === 'native') return sleep(delay(timings.probes, 0));
    const overAt = Date.now() + timings.settleAfter;
    let missed = false;
    let justMissed = false;
    for (let n = 0; ; n++) {
      const wait = untilLook(timings, { n, left: overAt - Date.now(), missed: justMissed });
      await sleep(Math.min(wait, Math.max(this.until - Date.now(), timings.secondLook)));
      // A callback may have told meanwhile, or its time is over.
      if ((await this.plan()).over !== null) return;
      const settled = Date.now() >= overAt;
      if (!route.finds) {
        if (!settled) continue;
        if (this.repeats < BLIND_REPEATS) {
          this.repeats += 1;
          this.staysThere = patched('a-repeat-stays-in-doubt') && !patched('a-repeat-may-go-elsewhere');
          return this.note(`${route.provider} cannot tell: sending it once more under the same id.`);
        }
        return this.write({ attempt, state: 'unknown', reason: UNTOLD });
      }
      const found = await this.look(route, attempt);
      if (found) return this.reported(attempt, found);
      if (found === null && missed) return this.note(`${route.provider} never saw it.`);
      justMissed = found === null && settled;
      missed ||= justMissed;
      if (Date.now() >= this.giveUpAt)
        return this.write({
          attempt,
          state: 'unknown',
          reason: 'The provider could not be asked whether it was sent.',
        });
    }
  }

  /** Undefined when it could not be asked: not asked is not missing. */
  private look({ connectionId, provider }: Route, attempt: number): Promise<MessageReport | null | undefined> {
    const at = atProvider(connectionId, `Asking ${provider} whether it was sent`, this.timings.settleAfter);
    return at.findMessage({ messageId: this.messageId, connectionId, attempt }).catch(() => undefined);
  }

  /** Nobody can send it now: wait, and begin with the first connection again. */
  private async nextRound({ attempts, expiresAt }: Open): Promise<void> {
    if (Date.now() >= this.giveUpAt) {
      this.note('Given up.');
      if (this.inDoubt) return this.write({ attempt: 0, state: 'unknown', reason: UNTOLD });
      return this.write({ attempt: attempts, state: 'failed', reason: 'Given up: no connection could send it.' });
    }
    this.failed.clear();
    const pause = delay(this.timings.retries, this.round++);
    const ms = expiresAt === null ? pause : Math.max(0, Math.min(pause, expiresAt - Date.now()));
    await this.write({ attempt: 0, state: 'queued', reason: 'No connection could send it.', again: ms });
    await sleep(ms);
  }

  private reported(attempt: number, { state, providerId, providerStatus, code, why }: MessageReport): Promise<void> {
    return this.write({
      attempt,
      state: state === 'unknown' ? 'accepted' : state,
      providerId,
      providerStatus,
      ...((code ?? why) !== undefined && { reason: [code, why].join(' ').trim() }),
    });
  }

  private async plan(): Promise<MessagePlan> {
    const plan = await internal('Reading what is to be sent').planMessage({ messageId: this.messageId });
    if (plan.over !== null) return plan;
    this.until = Math.min(this.giveUpAt, plan.expiresAt ?? Infinity);
    this.priority = plan.expiresAt === null ? PRIORITY.lasting : PRIORITY.expiring;
    return plan;
  }

  private write(
    note: Omit<Parameters<ReturnType<typeof internal>['noteMessage']>[0], 'messageId' | 'inDoubt'>,
  ): Promise<void> {
    return internal(`Noting: ${note.state}`).noteMessage({
      messageId: this.messageId,
      ...(this.inDoubt && { inDoubt: true }),
      ...note,
    });
  }

  note(said: string): void {
    this.log.push(`- ${new Date().toISOString().slice(0, 19).replace('T', ' ')} ${said}`);
    if (this.log.length > 30) this.log.splice(1, 1);
    setCurrentDetails(`**message ${this.messageId}**\n\n${this.log.join('\n')}`);
  }
}
