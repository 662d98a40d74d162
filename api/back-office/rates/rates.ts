import { z } from 'zod';
import { marketRate } from '../../../activities/rates/quote-exchange.ts';
import { inTransaction } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { believeJump } from '../../../db/repositories/rates.ts';
import { wire } from '../../../domain/money.ts';
import { middle } from '../../../domain/rates.ts';
import type { ApiDeps } from '../../deps.ts';
import { actorName } from '../../kit/access.ts';
import { notFound, problem } from '../../kit/errors.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { perActor } from '../../kit/rate-limit.ts';
import { idText, isoTime, money, text, time } from '../../kit/shapes.ts';
import { RateParts, rateParts } from '../../presenters/rate.ts';
import { testConnection } from '../connections/test-connection.ts';
import { currencyCalled } from '../../presenters/currency-called.ts';

const Rate = z
  .object({
    ...RateParts,
    bid: money().meta({ description: 'What the market pays for one `baseCurrency`.' }),
    ask: money(),
    provider: z.string().meta({ description: 'Name of the rate provider that serves.' }),
    sourceTime: time().meta({ description: 'When its source made it.' }),
    expireTime: time(),
  })
  .meta({ id: 'Rate' });

const ProviderStatus = z
  .object({ isConnected: z.boolean(), message: z.string().nullable(), checkTime: time() })
  .meta({ id: 'RateProviderStatus' });

const common = { tags: ['Rates'] as [string], access: 'user' as const };

/** The market's rate of a pair, whether a rate provider answers, and what an operator says to a jump. */
export const rateProcedures = (deps: ApiDeps): Procedure[] => {
  const { pool } = deps;
  return [
    procedure('GET /rates/{baseCurrency}/{quoteCurrency}', {
      ...common,
      summary: 'Rate of a currency pair',
      description:
        "The middle of the market, without the broker's markup. 503 rate_unavailable: none that can be used.",
      permission: 'rates.read',
      params: z.object({ baseCurrency: text(16), quoteCurrency: text(16) }),
      answer: Rate,
      errors: [404, 503],
      handle: async ({ params }) => {
        const base = await currencyCalled(pool, params.baseCurrency, 'baseCurrency');
        const quote = await currencyCalled(pool, params.quoteCurrency, 'quoteCurrency');
        if (base.numericCode === quote.numericCode)
          throw problem(400, 'validation', 'The two currencies are the same.', 'quoteCurrency');
        const { bid, ask, source, sourceTime, expiresAt } = await marketRate(pool, base, quote, 'quoteCurrency');
        return {
          ...rateParts(middle({ bid, ask })),
          bid: wire(bid),
          ask: wire(ask),
          provider: source,
          sourceTime: isoTime(new Date(sourceTime)),
          expireTime: isoTime(new Date(expiresAt)),
        };
      },
    }),

    procedure('GET /rates/providers/{providerId}/status', {
      ...common,
      summary: 'Ask a rate provider whether it accepts the stored settings',
      permission: 'rates.read',
      params: z.object({ providerId: idText() }),
      answer: ProviderStatus,
      errors: [404],
      limit: perActor('30/m'),
      handle: async ({ params: { providerId } }) => {
        const { rows } = await pool.query<{ connectionId: number }>(
          `select connection_id as "connectionId" from rate_source where id = $1`,
          [providerId],
        );
        if (!rows[0]) throw notFound('rate provider');
        const { success, explanation } = await testConnection(deps, rows[0].connectionId);
        return { isConnected: success, message: success ? null : explanation, checkTime: isoTime(new Date()) };
      },
    }),

    procedure('POST /rates/quotes/{quoteId}/confirm', {
      ...common,
      summary: 'Believe a rate that jumped',
      description: 'What is held back becomes the rate. 409 not_waiting: nothing is held back, or not any more.',
      permission: 'rates.update',
      params: z.object({ quoteId: idText() }),
      answer: null,
      errors: [404, 409],
      handle: ({ actor, params: { quoteId }, requestId }) =>
        inTransaction(pool, async (db) => {
          const { rows } = await db.query<{ before: object }>(
            `select jsonb_build_object('bid', bid::text, 'ask', ask::text, 'heldBid', held_bid::text, 'heldAsk', held_ask::text) as before
               from rate where id = $1 for update`,
            [quoteId],
          );
          if (!rows[0]) throw notFound('rate quote');
          if (!(await believeJump(db, quoteId)))
            throw problem(409, 'not_waiting', 'Nothing is held back of this rate.', 'quoteId');
          const object = `rate-quote:${quoteId}`;
          const { before } = rows[0];
          await recordAudit(db, { actor: actorName(actor), action: 'rates.confirm', object, before, requestId });
        }),
    }),
  ];
};
