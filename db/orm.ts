import { MikroORM } from '@mikro-orm/postgresql';
import * as configuration from './entities/configuration.ts';
import * as money from './entities/money.ts';
import * as people from './entities/people.ts';

/** Entities and unit of work for configuration and back office; money goes by plain SQL (db/pool.ts). */
export const createOrm = (databaseUrl: string, size = 5): Promise<MikroORM> =>
  MikroORM.init({
    clientUrl: databaseUrl,
    entities: [...Object.values(configuration), ...Object.values(money), ...Object.values(people)],
    pool: { min: 0, max: size },
    forceUtcTimezone: true,
    // Statements carry personal data; what is logged goes through the API's own log.
    debug: false,
  });
