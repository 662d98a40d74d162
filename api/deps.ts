import type { MikroORM } from '@mikro-orm/postgresql';
import type { Client, Connection } from '@temporalio/client';
import type pg from 'pg';
import type { Logger } from 'pino';
import type { ObservedCall } from '../activities/kit/observe-calls.ts';
import type { Memory } from '../db/memory.ts';
import type { KeyRing } from '../config/key-ring.ts';
import type { Settings } from '../config/settings.ts';
import type { UserFactors } from './back-office/sign-in/user-factors.ts';
import type { Access } from './kit/access.ts';
import type { Gate } from './kit/gate.ts';
import type { Places } from './kit/places.ts';
import type { TokenKeys } from './kit/token-keys.ts';
import type { Tokens } from './kit/tokens.ts';

export interface Temporal {
  client: Client;
  connection: Connection;
}

/** What handlers are given. One object per process. */
export interface ApiDeps {
  settings: Settings;
  pool: pg.Pool;
  /** What changes seldom. */
  memory: Memory;
  orm: MikroORM;
  log: Logger;
  /** Opens what is sealed with CONFIG_KEYS. */
  ring: KeyRing;
  tokens: Tokens;
  tokenKeys: TokenKeys;
  userFactors: UserFactors;
  access: Access;
  /** Who is let in at all. */
  gate: Gate;
  temporal: Temporal;
  places: Places;
  /** Feeds the figures of calls that this process makes to providers. */
  measureCall: (call: ObservedCall) => void;
}
