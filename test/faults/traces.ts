import { readFileSync } from 'node:fs';
import proto from '@temporalio/proto';
import { type Link, checkAudit, sealNext } from '../../db/repositories/audit-chain.ts';
import { EMAIL_CANARY } from './cast.ts';
import type { Breach } from './invariants.ts';
import type { Stack } from './stack.ts';
import type { Telling } from './teller.ts';
import { BOOKKEEPERS } from './venues.ts';

/** What a run leaves behind beside money: audit rows, callbacks, logs, histories. Remembers how far it has looked. */
export class Traces {
  private readonly stack: Stack;
  private sealed: Link = { seq: 0n, hash: Buffer.alloc(32) };
  private webhookId = '0';
  private readonly payees: Record<string, string> = {};
  private readonly logged = new Map<string, number>();

  constructor(stack: Stack) {
    this.stack = stack;
    for (const { name, payee } of stack.venues.values())
      for (const [field, text] of Object.entries(payee)) this.payees[`${field} of a payout through ${name}`] = text;
  }

  async check(tellings: readonly Telling[]): Promise<Breach[]> {
    const { rows } = await this.stack.pool.query<{ id: string }>(
      `select workflow_id as id from money_transaction where client_id = any($1)`,
      [tellings.map((telling) => telling.client.clientId)],
    );
    return this.checkRuns(rows.map(({ id }) => id));
  }

  /** `workflowIds`: whose histories are searched. */
  async checkRuns(workflowIds: readonly string[]): Promise<Breach[]> {
    return [
      ...(await this.audit()),
      ...(await this.callbacks()),
      ...this.logs(),
      ...(await this.histories(workflowIds)),
    ];
  }

  /** Every row sealed, each chained to the one before, none missing. */
  private async audit(): Promise<Breach[]> {
    const { pool, ring } = this.stack;
    while ((await sealNext(pool, ring)).sealed > 0);
    const { broken, end } = await checkAudit(pool, ring, this.sealed);
    const { rows } = await pool.query<{ object: string; before: unknown; after: unknown }>(
      `select object, before, after from audit where seq > $1 order by seq`,
      [this.sealed.seq.toString()],
    );
    this.sealed = end;
    return [
      ...(broken === null ? [] : [{ invariant: 'the audit chain is unbroken', detail: broken }]),
      ...this.search('the audit', rows.map((row) => JSON.stringify([row.object, row.before, row.after])).join('\n')),
    ];
  }

  /** What the provider sent and we took is kept once, however often it came; what was forged is kept and told nothing. */
  private async callbacks(): Promise<Breach[]> {
    const { pool } = this.stack;
    const breaches: Breach[] = [];
    const { rows } = await pool.query<{
      id: string;
      body: Buffer;
      status: string;
      reason: string | null;
      copies: number;
      workflow: string | null;
    }>(
      `select id::text as id, body, status, reason, copies, workflow_id as workflow from webhook where id > $1::bigint order by id`,
      [this.webhookId],
    );
    this.webhookId = rows.at(-1)?.id ?? this.webhookId;
    const byBody = Map.groupBy(rows, ({ body }) => body.toString());
    for (const { attempts } of BOOKKEEPERS.flatMap((id) => this.stack.sandbox(id).callbacks())) {
      for (const [body, tries] of Map.groupBy(attempts, (attempt) => attempt.body)) {
        const kept = byBody.get(body);
        if (!kept) continue; // looked at after an earlier run
        const accepted = tries.filter(({ status }) => status === 200).length;
        const taken = kept.filter(({ status }) => status !== 'rejected');
        const copies = taken.reduce((sum, row) => sum + row.copies, 0);
        if (taken.length > 1) breaches.push({ invariant: 'a callback is kept once', detail: `${taken.length} rows` });
        if (copies < accepted)
          breaches.push({ invariant: 'an accepted callback is kept', detail: `${accepted} accepted, ${copies} kept` });
        if (
          tries.every(({ mode }) => mode === 'bad_signature') &&
          taken.some(({ workflow }) => workflow !== null) &&
          !isUnsigned(body)
        )
          breaches.push({
            invariant: 'a forged callback is told nobody',
            detail: taken.map(({ workflow }) => workflow).join(', '),
          });
      }
    }
    return [...breaches, ...this.search('the reasons of callbacks', rows.map(({ reason }) => reason ?? '').join('\n'))];
  }

  private logs(): Breach[] {
    return [this.stack.api, this.stack.worker].flatMap(({ name, log }) => {
      const text = readOr(log);
      const fresh = text.slice(this.logged.get(log) ?? 0);
      this.logged.set(log, text.length);
      return this.search(`the log of ${name}`, fresh);
    });
  }

  /** As the server has them, without our codec: failure messages and payloads alike. */
  private async histories(workflowIds: readonly string[]): Promise<Breach[]> {
    const { client } = this.stack;
    const found: Breach[] = [];
    for (const id of workflowIds) {
      const history = await client.workflow
        .getHandle(id)
        .fetchHistory()
        .catch(() => undefined);
      if (!history) continue;
      const raw = Buffer.from(proto.temporal.api.history.v1.History.encode(history).finish()).toString('latin1');
      found.push(...this.search(`the history of ${id}`, raw));
    }
    return found;
  }

  private search(where: string, text: string): Breach[] {
    const secrets = {
      ...this.stack.secrets,
      ...this.payees,
      'an e-mail of a client': EMAIL_CANARY,
    };
    return Object.entries(secrets)
      .filter(([, secret]) => text.includes(secret))
      .map(([what]) => ({ invariant: 'no secret and no personal data leaks', detail: `${what} in ${where}` }));
  }
}

/** B2BINPAY signs nothing that tells of no transfer, so there is nothing to forge. */
const isUnsigned = (body: string): boolean => {
  const { meta } = JSON.parse(body) as { meta?: { time?: string; sign?: string } };
  return meta?.time !== undefined && meta.sign === undefined;
};

const readOr = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
