import type { z } from 'zod';
import { HubFailure } from '../../domain/failures.ts';
import type { Procedure } from './procedure.ts';
import { getProcedure, listProcedure } from './resource-reads.ts';
import type { Declared, Operation, ResourceDeps, ResourceSpec } from './resource-spec.ts';
import { bothUpdateProcedures, createProcedure, deleteProcedure } from './resource-writes.ts';

export type { PresentContext, ResourceDeps, Writing } from './resource-spec.ts';

const MAKE: Record<Operation, (spec: Declared, deps: ResourceDeps) => Procedure[]> = {
  list: (spec, deps) => [listProcedure(spec, deps)],
  get: (spec, deps) => [getProcedure(spec, deps)],
  create: (spec, deps) => [createProcedure(spec, deps)],
  update: bothUpdateProcedures,
  delete: (spec, deps) => [deleteProcedure(spec, deps)],
};

/** A plain resource from its declaration: routes, documents, permissions, tag scope, masking, audit rows and errors. */
export const resource =
  <E extends object, R extends z.ZodObject, W extends z.ZodObject = z.ZodObject>(spec: ResourceSpec<E, R, W>) =>
  (deps: ResourceDeps): Procedure[] => {
    const operations =
      spec.operations ?? (spec.write ? (Object.keys(MAKE) as Operation[]) : (['list', 'get'] as const));
    return operations.flatMap((operation) => MAKE[operation](spec as unknown as Declared, deps));
  };

/** For guards: refuses to touch what was seeded. */
export const refuseFixed = (what: string): never => {
  throw new HubFailure('Rejected', 'fixed', `${what} is fixed and cannot be changed.`);
};
