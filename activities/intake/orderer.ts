/** Who orders something: a client for himself, or a user for the clients he sees (`tagIds` empty: all of them). */
export type Orderer = { kind: 'client'; id: number } | { kind: 'user'; id: number; tagIds: readonly number[] };

/** 'user:7': how actors are named in audit rows, logs and idempotency keys. */
export const actorName = ({ kind, id }: Pick<Orderer, 'kind' | 'id'>): string => `${kind}:${id}`;
