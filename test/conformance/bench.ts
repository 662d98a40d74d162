import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConformanceFacts, Verb, WireCall } from '../../adapters/kit/conformance.ts';
import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { TranscriptLine } from '../../adapters/kit/http.ts';
import { lendContext } from '../../adapters/kit/lend.ts';
import { webhookOf, type Category, type Provider, type ProviderOf } from '../../adapters/kit/manifest.ts';
import type { SandboxBookEntry } from '../../adapters/kit/sandbox.ts';
import type { RawWebhook, Reception, WebhookTranslator } from '../../adapters/kit/webhooks.ts';
import { isHubFailure, type FailureType, type HubFailure } from '../../domain/failures.ts';
import { referenceFrom } from '../../domain/references.ts';
import type { ReceivedRequest, SandboxControl } from '../../sandbox/control.ts';
import type { FaultOrder, OpenFault } from '../../sandbox/faults.ts';
import { startSandboxServer, type SandboxServer } from '../../sandbox/server.ts';
import { Broken, doesNotApply, MissingFacts, must } from './case.ts';

/** Longest exchange where an answer is expected never to come, milliseconds. A busy machine may need more: see `judge`. */
const QUICK_MS = 700;
/** How long a case waits for something that comes by itself (a callback, a request). */
const PATIENCE_MS = 10_000;

type FaultOptions = Partial<Pick<FaultOrder, 'ms' | 'retryAfter' | 'times' | 'from' | 'to'>>;

export interface Loan {
  /** On top of the sandbox's `defaultConfig`. */
  config?: Record<string, unknown>;
  /** Absent: a new one. */
  session?: Map<string, unknown>;
  longestMs?: number;
  signal?: AbortSignal;
}

/**
 * What one case works with: one provider, its own sandbox on a real socket (or none), and an ear for its callbacks. Every case has its own bench, so
 * cases run side by side.
 */
export class Bench<C extends Category = Category> {
  readonly provider: ProviderOf<C>;
  readonly adapter: ProviderOf<C>['adapter'];
  readonly transcript: TranscriptLine[] = [];
  /** Callbacks as they came. */
  readonly heard: RawWebhook[] = [];
  /** What the hub answers to callbacks. */
  verdict: 'accepted' | 'rejected' = 'accepted';
  /** Whether a short deadline was used: a failure may then be the machine's, not the adapter's. */
  hurried = false;
  readonly #server: SandboxServer | null;
  readonly #ear: Server;
  readonly #patience: number;

  private constructor(provider: ProviderOf<C>, server: SandboxServer | null, ear: Server, patience: number) {
    this.#patience = patience;
    this.provider = provider;
    this.adapter = provider.adapter;
    this.#server = server;
    this.#ear = ear;
    ear.on('request', (req, res) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        this.heard.push({ headers: req.headers as Record<string, string>, body: Buffer.concat(chunks) });
        const reply = this.webhook.reply(this.reception(), this.verdict);
        res.writeHead(reply.status, reply.headers).end(reply.body);
      });
    });
  }

  /** `patience`: how many times longer its short deadlines are. */
  static async open<C extends Category>(provider: ProviderOf<C>, patience = 1): Promise<Bench<C>> {
    const module = await provider.sandbox?.();
    const server = module ? await startSandboxServer({ port: 0, modules: [module] }) : null;
    const ear = createServer();
    await new Promise<void>((resolve) => ear.listen(0, '127.0.0.1', resolve));
    return new Bench(provider, server, ear, patience);
  }

  async close(): Promise<void> {
    this.#ear.closeAllConnections();
    await new Promise((resolve) => this.#ear.close(resolve));
    await this.#server?.close();
  }

  // What the provider says of itself -----------------------------------------------------------------------------------

  get hasSandbox(): boolean {
    return this.#server !== null;
  }

  /** The sandbox's control plane. Providers without a wire have none: the case does not apply to them. */
  get control(): SandboxControl {
    return this.#server?.module(this.provider.id) ?? doesNotApply('no wire, so no sandbox');
  }

  can(...words: string[]): boolean {
    return words.some((word) => this.provider.capabilities.includes(word));
  }

  /** Of the sandbox's `conformance`, or of the manifest's `wireless`. */
  get facts(): Partial<ConformanceFacts> {
    const { id, wireless } = this.provider;
    if (!this.#server) {
      if (wireless) return wireless;
      throw new MissingFacts(
        `${id} has neither a sandbox nor \`wireless\` in its manifest: give it one of them, so that the suite has settings to lend ` +
          `(\`wireless: { config: { … } }\`, see WirelessFacts in adapters/kit/conformance.ts)`,
      );
    }
    const facts = this.control.vendor.conformance;
    if (facts) return facts;
    throw new MissingFacts(
      `the sandbox of ${id} has no \`conformance\`: add it to the object your sandbox() answers (ConformanceFacts in adapters/kit/conformance.ts), ` +
        `with \`calls\` (which request carries out which verb), \`wrongCredentials\` and the examples of your category`,
    );
  }

  fact<K extends keyof ConformanceFacts>(name: K, why: string): NonNullable<ConformanceFacts[K]> {
    const fact = this.facts[name];
    if (fact !== undefined && fact !== null) return fact as NonNullable<ConformanceFacts[K]>;
    throw new MissingFacts(`${this.#place()}.${name} is missing: ${why}`);
  }

  /** The vendor's request behind a verb. */
  wire(verb: Verb): WireCall {
    if (!this.#server) return doesNotApply('no wire, so no sandbox');
    const call = this.fact('calls', 'say which request of the vendor carries out which verb')[verb];
    if (call === null) return doesNotApply(`${verb} sends no HTTP request`);
    if (!call && this.control.vendor.listen) return doesNotApply('speaks no HTTP, so no fault can be put there');
    if (call) return call;
    throw new MissingFacts(
      `conformance.calls.${verb} is missing: say which request of the vendor carries it out, e.g. { method: 'POST', path: '/payments' } ` +
        `(path without '/${this.provider.id}', the beginning is enough; \`body\`: a piece of the raw body when one path does several things). ` +
        `Faults are put there. Write null when ${verb} sends no HTTP request at all`,
    );
  }

  missing(field: string, why: string): never {
    throw new MissingFacts(`${this.#place()}.${field} is missing: ${why}`);
  }

  #place = () => (this.#server ? 'conformance' : 'wireless');

  get config(): Record<string, unknown> {
    if (this.#server) return this.control.vendor.defaultConfig(this.#server.origin);
    void this.facts;
    return this.provider.wireless!.config;
  }

  // Calling the adapter ------------------------------------------------------------------------------------------------

  get callbackUrl(): string {
    return `http://127.0.0.1:${(this.#ear.address() as AddressInfo).port}/webhooks/7`;
  }

  now = (): number => (this.#server ? this.control.now() : Date.now());

  /** What the engine lends to an adapter, on the sandbox's clock. */
  ctx({ config = {}, session = new Map(), longestMs, signal }: Loan = {}): AdapterContext {
    return lendContext(this.provider, {
      connectionId: 7,
      config: { ...this.config, ...config },
      callbackUrl: this.callbackUrl,
      session,
      allowPrivate: true,
      now: this.now,
      onTranscript: (line) => this.transcript.push(line),
      ...(longestMs !== undefined && { longestMs, longestTalkMs: longestMs }),
      ...(signal && { signal }),
    });
  }

  /** The same connection with little patience, for answers that never come. */
  quick(ctx: AdapterContext): AdapterContext {
    this.hurried = true;
    return this.ctx({ session: ctx.session, longestMs: QUICK_MS * this.#patience });
  }

  /** A context that has signed in already, so that faults and short deadlines meet the call they are meant for. */
  async signedIn(): Promise<AdapterContext> {
    const ctx = this.ctx();
    await this.adapter.testConnection(ctx as never);
    return ctx;
  }

  /** Settings the vendor refuses. */
  get wrongCredentials(): Record<string, unknown> {
    void this.control;
    if (this.facts.wrongCredentials === null) return doesNotApply('the vendor knows no credentials');
    return this.fact(
      'wrongCredentials',
      "say which settings, laid over defaultConfig, the vendor must refuse, e.g. { secretKey: 'wrong-key' }; null where it knows no credentials",
    );
  }

  /** Settings under which nobody listens: those of a sandbox that was never started. */
  async nobodyThere(): Promise<Record<string, unknown>> {
    void this.control;
    return (await this.provider.sandbox!()).defaultConfig('http://127.0.0.1:1');
  }

  reference = (): string => referenceFrom(randomBytes(12));

  /** How a call fails, which must be by one of `types`. `what` is the subject of the sentence: 'createPayout'. */
  async fails(what: string, work: Promise<unknown>, ...types: FailureType[]): Promise<HubFailure> {
    const failure = await this.failure(what, work);
    must(
      types.includes(failure.type),
      `${what} must fail as ${types.join(' or ')}, and failed as ${failure.type} (${failure.reason}): ${failure.message}`,
    );
    return failure;
  }

  async failure(what: string, work: Promise<unknown>): Promise<HubFailure> {
    const said = await work.then(
      (answer) => ({ answer }),
      (error: unknown) => ({ error }),
    );
    if ('answer' in said) throw new Broken(`${what} must fail, and answered ${brief(said.answer)}`);
    if (isHubFailure(said.error)) return said.error;
    throw new Broken(`${what} must fail with a HubFailure, and threw ${String(said.error)}`);
  }

  // The sandbox --------------------------------------------------------------------------------------------------------

  /** Puts a fault where `verb` is carried out. */
  fault(verb: Verb, kind: FaultOrder['kind'], options: FaultOptions = {}): OpenFault {
    return this.control.fault({ match: this.wire(verb), kind, ...options });
  }

  /** A fault nobody met proves nothing. */
  mustHit(fault: OpenFault, verb: Verb): void {
    if (fault.hit > 0) return;
    const seen = this.control.received.map(({ method, url }) => `${method} ${url.split('?')[0]}`);
    throw new MissingFacts(
      `${verb} sent no request that matches conformance.calls.${verb} (${brief(this.wire(verb))}); the sandbox saw: ${seen.join(', ') || 'nothing'}`,
    );
  }

  /** Requests the sandbox saw of one kind. */
  seen(verb: Verb): ReceivedRequest[] {
    const { method, path, body } = this.wire(verb);
    return this.control.received.filter(
      (request) =>
        request.method === method.toUpperCase() &&
        request.url.split('?')[0]!.startsWith(path) &&
        (body === undefined || request.body.includes(body)),
    );
  }

  books(kind: SandboxBookEntry['kind'], reference: string): SandboxBookEntry[] {
    return this.control.books().filter((entry) => entry.kind === kind && entry.reference === reference);
  }

  /** `advance` and `pay` of the sandbox throw for what has no meaning at the vendor. */
  async meant(word: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      doesNotApply(`the sandbox gives ${word} no meaning: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async advance(id: string, to: string): Promise<void> {
    if (!this.control.vendor.advance)
      throw new MissingFacts(`the sandbox has no \`advance\`: add it, with the words of adapters/kit/conformance.ts`);
    await this.meant(`'${to}'`, () => this.control.advance(id, to));
  }

  // Callbacks ----------------------------------------------------------------------------------------------------------

  get webhook(): WebhookTranslator<unknown> {
    return (
      (webhookOf(this.provider as Provider) as WebhookTranslator<unknown> | undefined) ??
      doesNotApply('sends no callbacks')
    );
  }

  reception = (): Reception<unknown> => ({ config: this.ctx().config, callbackUrl: this.callbackUrl, now: this.now() });

  /** Callbacks heard after the first `already`, at least one; moves the sandbox's clock a little when it takes its time. */
  async callbacks(already = 0): Promise<RawWebhook[]> {
    await this.control.callbacksSettled();
    for (let tries = 0; tries < 4 && this.heard.length <= already; tries++) await this.control.advanceClock('2s');
    return this.heard.slice(already);
  }

  /** Waits for what happens by itself. */
  async until(what: string, holds: () => boolean): Promise<void> {
    for (const end = Date.now() + PATIENCE_MS; !holds(); await sleep(10)) {
      if (Date.now() > end) throw new Broken(`${what} did not happen within ${PATIENCE_MS} ms`);
    }
  }
}

/** For messages. */
export const brief = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
};
