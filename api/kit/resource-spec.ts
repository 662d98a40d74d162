import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import type pg from 'pg';
import type { z } from 'zod';
import type { KeyRing } from '../../config/key-ring.ts';
import type { Queryable } from '../../db/pool.ts';
import type { Actor, UserActor } from './access.ts';
import type { Filter } from './filters.ts';
import type { Sorts } from './list.ts';

export interface ResourceDeps {
  orm: MikroORM;
  pool: pg.Pool;
  ring: KeyRing;
}

export interface PresentContext {
  em: EntityManager;
  pool: pg.Pool;
  actor: Actor;
}

export type Operation = 'list' | 'get' | 'create' | 'update' | 'delete';

/** The unit of work of a write: `db` is plain SQL in its transaction. */
export interface Writing {
  em: EntityManager;
  db: Queryable;
  actor: UserActor;
  /** Where the call comes from. */
  ip: string;
  requestId: string;
  ring: KeyRing;
}

export interface Parent {
  /** Path parameter, 'methodId'. */
  param: string;
  /** Property of the row that holds it. */
  property: string;
  noun: string;
  entity: object;
  /** Property of its primary key; default `id`. */
  key?: string;
  /** Which rows count as parents here. */
  where?: Record<string, unknown>;
}

export interface ResourceSpec<E extends object, R extends z.ZodObject, W extends z.ZodObject> {
  /** '/resolutions' */
  path: `/${string}`;
  /** Path parameter, 'resolutionId'. */
  idParam: string;
  /** Whose rows these are, for a path below another resource's: '/deposits/methods/{methodId}/currencies'. */
  parent?: Parent;
  /** One of them in words, 'resolution': names the audit object and completes messages. */
  noun: string;
  tag: string;
  entity: object;
  /** Property of the primary key. */
  id: keyof E & string;
  /** Whose list it is: a user's, opened by a permission, or a client's. */
  access?: 'user' | 'client';
  /** '<permission>.read', '.create', '.update', '.delete' open it. */
  permission?: string;
  /** Default: all, or list and get when there is nothing to write. */
  operations?: readonly Operation[];
  /** What is written here is risky: as of a procedure. */
  confirm?: true;
  filters?: Record<string, Filter>;
  sorts?: Sorts | readonly string[];
  /** Always true of the rows that exist here. */
  where?: (actor: Actor) => Record<string, unknown>;
  /** Always true of the rows its list shows; who knows the id of another one sees it too. */
  listed?: Record<string, unknown>;
  /** Property holding the client a row belongs to: users with tags see theirs only, clients only their own. */
  clientProperty?: keyof E & string;
  read: R;
  /** Body of create; of update, with every field optional. */
  write?: W;
  /** Fields of `write` that only create takes. */
  onlyOnCreate?: readonly (keyof W['shape'] & string)[];
  /** Rows to objects, all at once: one query for a page, not one per row. */
  present?: (rows: E[], context: PresentContext) => Promise<z.input<R>[]> | z.input<R>[];
  /** Body fields to row properties; default: same names. `row`: what is changed, null when it is made. */
  fields?: (body: Partial<z.output<W>>, writing: Writing, row: E | null) => Promise<Partial<E>> | Partial<E>;
  /** What else belongs to a write, such as join tables, in its transaction. */
  afterWrite?: (row: E, body: Partial<z.output<W>>, writing: Writing) => Promise<void>;
  /** Holds what others hold before they hold the row. */
  beforeHeld?: (id: number, db: Queryable) => Promise<void>;
  /** What must be so after a change or a deletion if it was before: asked before the row is held, and what it answers is called at the end. Refuses by throwing. */
  keeps?: (db: Queryable) => Promise<() => Promise<void>>;
  /** May refuse a change or a deletion by throwing. */
  guard?: (row: E, change: Partial<z.output<W>> | 'delete', writing: Writing) => Promise<void> | void;
  /** The object as users who must not see personal data see it. */
  mask?: (view: z.input<R>) => z.input<R>;
  /** Filters and sorts that would tell what `mask` hides: refused to those it hides it from. */
  hides?: readonly string[];
}

export type Row = Record<string, unknown>;

/** A declaration whose types have done their work: the machinery below handles rows and views as plain objects. */
export type Declared = ResourceSpec<Row, z.ZodObject, z.ZodObject>;

/** Of those that write. */
export const confirmFor = ({ confirm }: Declared) => (confirm ? { confirm } : {});

export const permissionFor = ({ permission }: Declared, action: string) =>
  permission === undefined ? {} : { permission: `${permission}.${action}` };
