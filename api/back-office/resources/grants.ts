import { type UserActor, may } from '../../kit/access.ts';
import { problem } from '../../kit/errors.ts';

/** Nobody hands out, takes away or borrows rights they do not hold themselves. Throws 403. */
export const assertHoldsAll = (actor: UserActor, permissions: readonly string[], field?: string): void => {
  const more = permissions.find((permission) => !may(actor, permission));
  if (more !== undefined) throw problem(403, 'forbidden', `You do not hold the permission ${more} yourself.`, field);
};
