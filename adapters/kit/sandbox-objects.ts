import type { SandboxDesk, SandboxThing } from './sandbox.ts';

/** Something a vendor keeps that has a state: an applicant, a message, a check. */
export interface SandboxObject<Facts> {
  id: string;
  reference: string;
  /** One of `words`, or the first state. */
  state: string;
  /** How often it changed. */
  changes: number;
  /** Milliseconds; of the last change. */
  at: number;
  callbackUrl: string;
  facts: Facts;
}

interface Setup<Facts> {
  /** For the sandbox's page: 'applicant'. */
  kind: string;
  /** State of a new one. */
  first: string;
  /** What `advance` takes, and the caption of its button; '' has none. */
  words: Readonly<Record<string, string>>;
  show(one: SandboxObject<Facts>): Pick<SandboxThing, 'title' | 'text' | 'html'>;
  tell(one: SandboxObject<Facts>): void;
}

const FIRST_ID = 100_001;

/** The small vendor behind sandboxes of kyc, messaging and screening: objects by id and by our reference, forced from state to state. */
export class SandboxObjects<Facts> {
  all: SandboxObject<Facts>[] = [];
  /** Set when the sandbox is mounted. */
  desk: SandboxDesk | undefined;
  readonly #setup: Setup<Facts>;
  #next = FIRST_ID;

  constructor(setup: Setup<Facts>) {
    this.#setup = setup;
  }

  reset(): void {
    this.all = [];
    this.#next = FIRST_ID;
  }

  numberFrom(since: number): void {
    this.#next = FIRST_ID + since;
  }

  find = (idOrReference: string): SandboxObject<Facts> | undefined =>
    this.all.find(({ id, reference }) => id === idOrReference || reference === idOrReference);

  /** The one of this reference, or a new one. */
  place(reference: string, callbackUrl: string, facts: Facts): SandboxObject<Facts> {
    const known = this.find(reference);
    if (known) return known;
    const at = this.desk?.now() ?? Date.now();
    const made = { id: String(this.#next++), reference, state: this.#setup.first, changes: 0, at, callbackUrl, facts };
    this.all.push(made);
    return made;
  }

  advance(id: string, to: string): void {
    const one = this.all.find((other) => other.id === id);
    if (!one) throw new Error(`there is no ${this.#setup.kind} ${id}`);
    if (!(to in this.#setup.words)) throw new Error(`it knows ${Object.keys(this.#setup.words).join(', ')}`);
    Object.assign(one, { state: to, changes: one.changes + 1, at: this.desk!.now() });
    this.#setup.tell(one);
  }

  things(): SandboxThing[] {
    const buttons = Object.entries(this.#setup.words).flatMap(([to, caption]) => (caption ? [{ caption, to }] : []));
    return this.all.toReversed().map((one) => ({
      id: one.id,
      kind: this.#setup.kind,
      state: one.state,
      buttons: buttons.filter(({ to }) => to !== one.state),
      ...this.#setup.show(one),
    }));
  }
}
