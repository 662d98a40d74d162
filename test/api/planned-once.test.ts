/**
 * What is read or noted again and again is planned once per connection, however short its list of ids and however little is asked for: planning the joins costs
 * ten times what running them costs.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type pg from 'pg';
import { matchesFor } from '../../activities/webhooks/matches.ts';
import { documentGroupsOf } from '../../api/kyc/groups-to-show.ts';
import { accountViews, myShortAccountViews } from '../../api/presenters/account.ts';
import { clientViews } from '../../api/presenters/client.ts';
import { documentViews } from '../../api/presenters/document.ts';
import { methodViews } from '../../api/presenters/method.ts';
import { myAddressViews } from '../../api/presenters/my-contacts.ts';
import { applicationViews } from '../../api/presenters/request.ts';
import { transactionViews } from '../../api/presenters/transaction.ts';
import { KeyRing } from '../../config/key-ring.ts';
import { loadLevelRights } from '../../db/repositories/client-rights.ts';
import { loadDecisionFacts } from '../../db/repositories/requests.ts';
import { settleWebhooks, type WebhookRow } from '../../db/repositories/webhooks.ts';
import { loadDraft } from '../../db/repositories/wizards.ts';
import { freshPool } from '../kit/hub.ts';
import { CONFIG_KEYS } from '../kit/keys.ts';

let pool: pg.Pool;
let drop: () => Promise<void>;
beforeAll(async () => ({ pool, drop } = await freshPool(1)));
afterAll(() => drop?.());

const decision = { applicationId: 1, updateId: null, userId: 1, resolutionId: null, bankReference: null };
const webhook = { id: '1', connectionId: 1, attempts: 0 } as WebhookRow;

it.each<[string, (db: pg.Pool) => Promise<unknown>]>([
  ['accounts', (db) => accountViews(db, [1])],
  ['accounts inside transactions', (db) => myShortAccountViews(db, [1])],
  ['clients', (db) => clientViews(db, [1])],
  ['documents', (db) => documentViews(db, [1], 'user')],
  ['document groups of levels', (db) => documentGroupsOf(db, [1])],
  ['payment methods', (db) => methodViews(db, [1])],
  ['addresses', (db) => myAddressViews(db, [])],
  ['requests', (db) => applicationViews(db, [1])],
  ['transactions', (db) => transactionViews(db, [1])],
  ['rights of levels', (db) => loadLevelRights(db, [1])],
  ['what the steps of a wizard kept', (db) => loadDraft(db, new KeyRing(CONFIG_KEYS), [1])],
  ['whom callbacks are for', (db) => matchesFor(db, [{ webhook, news: [{ kind: 'deposit', said: 'paid' }] }])],
  ['a request that is decided', (db) => loadDecisionFacts(db, decision)],
  ['a decision that is written down', (db) => loadDecisionFacts(db, { ...decision, updateId: 'decide-1' })],
  ['a rejection', (db) => loadDecisionFacts(db, { ...decision, resolutionId: 1 })],
  ['a decision with evidence', (db) => loadDecisionFacts(db, { ...decision, bankReference: 'TRX 1' })],
  ['what became of callbacks', (db) => settleWebhooks(db, [{ webhook, as: 'ignored' }])],
])('%s', async (_what, load) => {
  const before = (await statements()).map(({ name }) => name);
  for (let n = 0; n < 8; n++) await load(pool);
  const sent = (await statements()).filter(({ name }) => !before.includes(name));
  // PostgreSQL tries five plans before it trusts one.
  expect(sent.map(({ plannedAnew, calls }) => [plannedAnew, calls])).toEqual([[5, 8]]);
});

const statements = async () =>
  (
    await pool.query<{ name: string; plannedAnew: number; calls: number }>(
      `select name, custom_plans::int as "plannedAnew", (custom_plans + generic_plans)::int as calls from pg_prepared_statements`,
    )
  ).rows;
