import { type SearchAttributeUpdatePair } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { ClientChangeState } from '../../domain/client-changes.ts';
import type { CaseState } from '../../domain/kyc.ts';
import type { DifferenceState, ReconciliationState } from '../../domain/reconciliation.ts';
import type { Stage } from '../../domain/stages.ts';
import { asDouble, attributes as keys, type Facts } from './attributes.ts';

/** Of a run that is about something else than one movement of money on its way. */
export interface OtherFacts extends Pick<Facts, 'kind' | 'provider'>, Partial<Pick<Facts, 'currency' | 'amount'>> {
  /** Null: it concerns none, or many. */
  client: number | null;
  /** 'Level 1' */
  what: string;
}

type OtherState = CaseState | ClientChangeState | ReconciliationState | DifferenceState;

/** What an operator reads in Temporal UI: filterable attributes and, in plain words, what happened and what is awaited. */
export class Progress {
  stage: Stage = 'created';
  private facts: Facts | OtherFacts | null = null;
  /** How the movement is found at its provider: our reference, and what it is called there once that is known. */
  private readonly names: { reference?: string; providerId?: string } = {};
  private word: Stage | OtherState = 'created';
  private waits: { forWhat: string; can: string; since: Date } | null = null;
  private readonly log: string[] = [];
  private readonly shown = new Map<string, unknown>();
  private readonly pending = new Map<string, SearchAttributeUpdatePair>();

  constructor() {
    // Whoever knows them starts the run with them.
    const { typedSearchAttributes: given } = workflowInfo();
    for (const [name, key] of Object.entries(keys)) {
      const value = given.get(key);
      if (value !== undefined) this.shown.set(name, value instanceof Date ? value.getTime() : value);
    }
    // Books that are away keep a run here.
    this.note('Reading what it is about.');
  }

  about(facts: Facts | OtherFacts): void {
    this.facts = facts;
    this.set('kind', { key: keys.kind, value: facts.kind });
    if (facts.client !== null) this.set('client', { key: keys.client, value: `client-${facts.client}` });
    if (facts.provider) this.set('provider', { key: keys.provider, value: facts.provider });
    const { currency, amount } = facts;
    if (currency !== undefined) this.set('currency', { key: keys.currency, value: currency });
    if (amount !== undefined) this.set('amount', { key: keys.amount, value: asDouble(amount) });
    this.set('status', { key: keys.status, value: this.word });
    this.flush();
    this.render();
  }

  /** What an operator looks it up by. */
  calledThere(names: { reference?: string | undefined; providerId?: string | undefined }): void {
    for (const key of ['reference', 'providerId'] as const) if (names[key] !== undefined) this.names[key] = names[key];
    this.render();
  }

  /** A new stage, with a line for the history an operator reads. */
  at(stage: Stage, said: string): void {
    this.stage = stage;
    this.word = stage;
    this.set('status', { key: keys.status, value: stage });
    this.note(said);
  }

  /** How far something else than money is. */
  stands(state: OtherState, said: string): void {
    this.word = state;
    this.set('status', { key: keys.status, value: state });
    this.note(said);
  }

  /** Of something else than money: nothing comes after it in this run. */
  ended(said: string): void {
    this.notWaiting();
    this.note(said);
    this.flush();
  }

  /** The last stage: nothing comes after it. */
  ends(stage: Stage, said: string): void {
    this.at(stage, said);
    this.flush();
  }

  note(said: string): void {
    const time = new Date().toISOString().slice(0, 19).replace('T', ' ');
    this.log.push(`- ${time} ${said}`);
    if (this.log.length > 30) this.log.splice(1, 1);
    this.render();
  }

  /** Says what the run waits for and what a person can do about it. `human`: nothing happens until somebody acts. */
  waitingFor(forWhat: string, can: string, options: { human: boolean; until?: Date }): void {
    this.waits = { forWhat, can, since: new Date() };
    this.set('needsHuman', { key: keys.needsHuman, value: options.human });
    this.set('deadline', { key: keys.deadline, value: options.until ?? null });
    this.flush();
    this.render();
  }

  notWaiting(): void {
    if (!this.waits) return;
    this.waits = null;
    const human = this.shown.get('needsHuman') === true;
    this.set('needsHuman', { key: keys.needsHuman, value: false });
    this.set('deadline', { key: keys.deadline, value: null });
    if (human) this.flush();
    this.render();
  }

  private set(name: string, pair: SearchAttributeUpdatePair): void {
    this.pending.set(name, pair);
  }

  /**
   * Tells the server what changed. Only when the run begins, waits or ends: each telling is an event in the history and work for
   * the server, and nobody filters for a stage that lasts milliseconds.
   */
  private flush(): void {
    const changed = [...this.pending].filter(([name, { value }]) => {
      const comparable = value instanceof Date ? value.getTime() : value;
      if ((this.shown.get(name) ?? null) === comparable) return false;
      this.shown.set(name, comparable);
      return true;
    });
    this.pending.clear();
    if (changed.length > 0) upsertSearchAttributes(changed.map(([, pair]) => pair));
  }

  private render(): void {
    const { facts } = this;
    const title = facts
      ? `**${facts.kind} of ${'what' in facts ? facts.what : `${facts.amount} ${facts.currency}`}** · ${this.word}`
      : `**${workflowInfo().workflowType}**`;
    const waits = this.waits
      ? `\n\n**Waits for** ${this.waits.forWhat}, since ${this.waits.since.toISOString().slice(0, 19).replace('T', ' ')} UTC.\n\n**You can** ${this.waits.can}`
      : '';
    const { reference, providerId } = this.names;
    const names = reference
      ? `\n\nAt the provider: our reference \`${reference}\`${providerId ? `, its id there \`${providerId}\`` : ''}.`
      : '';
    setCurrentDetails(`${title}${names}${waits}\n\n${this.log.join('\n')}`);
  }
}
