import { HubFailure } from '../../domain/failures.ts';
import type { At } from './step.ts';

/** The client a procedure belongs to, as whoever orders something in it. */
export const signedIn = <S>({ run: { clientId } }: Pick<At<S>, 'run'>): { kind: 'client'; id: number } => {
  if (clientId === null) throw new HubFailure('Rejected', 'restricted', 'There is no client whose procedure this is.');
  return { kind: 'client', id: clientId };
};
