import { MikroORM } from '@mikro-orm/postgresql';
import * as audit from './entities/audit.ts';
import * as configuration from './entities/configuration.ts';
import * as connections from './entities/connections.ts';
import * as messages from './entities/messages.ts';
import * as money from './entities/money.ts';
import * as people from './entities/people.ts';
import * as products from './entities/products.ts';
import * as rates from './entities/rates.ts';
import * as reconciliation from './entities/reconciliation.ts';
import * as security from './entities/security.ts';
import * as verification from './entities/verification.ts';
import * as webhooks from './entities/webhooks.ts';
import * as wizards from './entities/wizards.ts';

/** Entities and unit of work for configuration and back office; money goes by plain SQL (db/pool.ts). */
export const createOrm = (databaseUrl: string, size = 5): Promise<MikroORM> =>
  MikroORM.init({
    clientUrl: databaseUrl,
    entities: [
      ...Object.values(audit),
      ...Object.values(configuration),
      ...Object.values(connections),
      ...Object.values(messages),
      ...Object.values(money),
      ...Object.values(people),
      ...Object.values(products),
      ...Object.values(rates),
      ...Object.values(reconciliation),
      ...Object.values(security),
      ...Object.values(verification),
      ...Object.values(webhooks),
      ...Object.values(wizards),
    ],
    pool: { min: 0, max: size },
    driverOptions: {
      connectionTimeoutMillis: 5_000,
      statement_timeout: 15_000,
      idle_in_transaction_session_timeout: 15_000,
      keepAlive: true,
    },
    forceUtcTimezone: true,
    // Statements carry personal data; what is logged goes through the API's own log.
    debug: false,
  });
