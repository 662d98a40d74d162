import { randomUUID } from 'node:crypto';
import type { Answer, Caller, MoneyApi } from '../api/money-hub.ts';
import { JPEG } from '../kit/files.ts';
import { eventually } from '../kit/hub.ts';

export interface Case {
  id: number;
  level_id: number;
  state: string;
  attempt: number;
  needs_human: string | null;
  reference: string;
  valid_until: string | null;
  /** The day on which the hub looks at it by itself. */
  next_look: string | null;
}

/** What tests of verifications look at, on one running hub. */
export class KycDesk {
  readonly api: MoneyApi;
  readonly olga: Caller;
  private sweeps = 0;

  constructor(api: MoneyApi, olga: Caller) {
    this.api = api;
    this.olga = olga;
  }

  static async open(api: MoneyApi): Promise<KycDesk> {
    return new KycDesk(api, await api.operator());
  }

  async levelId(name: string): Promise<number> {
    return (await this.api.hub.one<{ id: number }>(`select id from verification_level where name = $1`, [name])).id;
  }

  caseOf({ id }: Caller): Promise<Case> {
    return this.api.hub.one<Case>(
      `select id, level_id, state, attempt, needs_human, reference, to_char(valid_until, 'YYYY-MM-DD') as valid_until,
              to_char(next_look at time zone 'utc', 'YYYY-MM-DD') as next_look
         from kyc_case where client_id = $1 order by id desc limit 1`,
      [id],
    );
  }

  reaches(client: Caller, state: string): Promise<Case> {
    return eventually(async () => {
      const found = await this.caseOf(client);
      return found.state === state ? found : null;
    }, `the verification to be ${state}`);
  }

  /** The case is what is wanted and its run is over. */
  async endsAs(client: Caller, state: string): Promise<Case> {
    const found = await this.reaches(client, state);
    await this.api.hub.ends(`kyc:${client.id}:${found.level_id}`);
    return found;
  }

  /** The provider's words have been noted. */
  async saysOf({ id }: Caller, words: string): Promise<void> {
    await eventually(async () => {
      const { said } = await this.api.hub.one<{ said: string | null }>(
        `select provider_status as said from kyc_case where client_id = $1 order by id desc limit 1`,
        [id],
      );
      return said === words || null;
    }, `the provider to be noted as '${words}'`);
  }

  async levelOf({ id }: Caller): Promise<string> {
    return (
      await this.api.hub.one<{ name: string }>(
        `select l.name from client c join verification_level l on l.id = c.verification_level_id where client_id = $1`,
        [id],
      )
    ).name;
  }

  requestOf({ id }: Caller): Promise<any> {
    return eventually(
      async () =>
        (await this.olga.call('GET /applications?limit=1000')).body.data.find(
          (one: any) => one.clientId === id && one.statusId === 0,
        ),
      'a request',
    );
  }

  /** What became of a request is written on it. */
  async requestSays(id: number, what: string): Promise<void> {
    await eventually(
      async () => (await this.olga.call(`GET /applications/${id}`)).body.comment?.includes(what) === true || null,
      `request ${id} to say '${what}'`,
    );
  }

  resolutionId(): Promise<number> {
    return this.api.hub.resolutionId('Document unreadable');
  }

  async upload(client: Caller, type: string, validUntil?: string): Promise<{ typeId: number; documentId: number }> {
    const { id: typeId } = await this.api.hub.one<{ id: number }>(`select id from document_type where name = $1`, [
      type,
    ]);
    const boundary = randomUUID();
    const field = (name: string, value: unknown) =>
      `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${String(value)}\r\n`;
    const head =
      field('typeID', typeId) +
      (validUntil === undefined ? '' : field('validUntil', validUntil)) +
      `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="p.jpg"\r\ncontent-type: image/jpeg\r\n\r\n`;
    const body = Buffer.concat([Buffer.from(head), JPEG, Buffer.from(`\r\n--${boundary}--\r\n`)]);
    const answer = await client.upload('POST /my/documents', body, boundary);
    if (answer.status !== 201) throw new Error(`upload: ${answer.status} ${JSON.stringify(answer.body)}`);
    return { typeId, documentId: answer.body.documentId };
  }

  async configure(level: number, settings: object): Promise<void> {
    const { status, body } = await this.olga.call(`PATCH /verifications/levels/${level}`, settings);
    if (status !== 200) throw new Error(`level ${level}: ${status} ${JSON.stringify(body)}`);
  }

  wizard(client: Caller, level: number): Promise<Answer> {
    return client.call(`GET /my/verifications/wizard?levelId=${level}`);
  }

  /** A client whom SumSub has approved for `level`; `advance` tells what SumSub does about him next. */
  async approvedBySumsub(level: number): Promise<{ client: Caller; advance: (to: string) => Promise<void> }> {
    const client = await this.api.clientWith('0', 'USD');
    await this.wizard(client, level);
    const { reference } = await this.caseOf(client);
    const advance = async (to: string) => void (await this.api.hub.sandbox('sumsub').advance(reference, to));
    await advance('submit');
    await this.reaches(client, 'checking');
    await advance('green');
    await this.reaches(client, 'approved');
    // What the run has seen by itself it is told a moment later, and looks once more.
    await this.api.heard('sumsub', `kyc:${client.id}:${level}`);
    await this.endsAs(client, 'approved');
    return { client, advance };
  }

  async approve(client: Caller, requestId: number): Promise<void> {
    const { status } = await this.olga.call(`POST /applications/${requestId}/approve`, {});
    if (status !== 200) throw new Error(`request ${requestId}: ${status}`);
    await this.endsAs(client, 'approved');
  }

  /** The provider calls: something has happened, and what it is one has to ask. */
  async hears(client: Caller): Promise<void> {
    const { id: caseId, level_id: level } = await this.caseOf(client);
    const workflowId = `kyc:${client.id}:${level}`;
    await this.api.hub.steering.verification({ caseId, workflowId, webhookId: '0', said: 'look' });
  }

  /** Moves the calendar on for one client, as if so many days had gone by, and lets the sweep look. */
  async daysLater(client: Caller, days: number): Promise<void> {
    await this.api.hub.pool.query(
      `update kyc_case set client_since = client_since - make_interval(days => $2), approved_at = approved_at - make_interval(days => $2),
              valid_until = valid_until - $2::int, next_look = next_look - make_interval(days => $2) where client_id = $1`,
      [client.id, days],
    );
    await this.sweep();
  }

  /** Moves the calendar on for one client until what was approved ends in so many days from then; negative: it has ended. */
  async endsIn(client: Caller, days: number): Promise<void> {
    const { left } = await this.api.hub.one<{ left: number }>(
      `select valid_until - (now() at time zone 'utc')::date as left from kyc_case where client_id = $1 and state = 'approved'`,
      [client.id],
    );
    await this.daysLater(client, left - days);
  }

  async sweep(): Promise<void> {
    await this.api.hub.client.workflow.execute('sweep', { workflowId: `sweep-${++this.sweeps}`, taskQueue: 'hub' });
  }

  /** Types of the messages about his verification that a client was promised, in their order. */
  async told({ id }: Caller): Promise<string[]> {
    const { rows } = await this.api.hub.pool.query<{ type: string }>(
      `select type from message where client_id = $1 and type like 'Verification%' order by id`,
      [id],
    );
    return rows.map(({ type }) => type.replace('Verification', ''));
  }

  async isTold(client: Caller, ...types: string[]): Promise<void> {
    await eventually(
      async () => JSON.stringify(await this.told(client)) === JSON.stringify(types),
      `the client to be told ${types.join(', ')}`,
    ).catch(async (error: Error) => {
      throw new Error(`${error.message}, who was told ${(await this.told(client)).join(', ')}`);
    });
  }

  /** The newest mail to a client that says so, at the provider's sandbox: others have been sent the like. */
  async mail({ id }: Caller, subject: string): Promise<string> {
    const { email } = await this.api.hub.one<{ email: string }>(`select email from client where client_id = $1`, [id]);
    return eventually(async () => {
      const mails = this.api.hub.sandbox('sendgrid').vendor.things!();
      return mails.find(({ title }) => title.includes(subject) && title.includes(email))?.text;
    }, `a mail '${subject}'`);
  }
}
