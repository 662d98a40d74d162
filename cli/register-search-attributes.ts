import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.ts';

export interface TemporalPlace {
  address: string;
  namespace: string;
}

/** Names of ours the server does not know yet. Throws when the server cannot be reached. */
export function missingSearchAttributes(place: TemporalPlace): Promise<string[]> {
  return onServer(place, missing);
}

/** Registers what is missing; a server that has all is left alone. The embedded server gets them as flags instead. */
export function registerSearchAttributes(place: TemporalPlace): Promise<string[]> {
  return onServer(place, async (connection, namespace) => {
    const names = await missing(connection, namespace);
    const types = proto.temporal.api.enums.v1.IndexedValueType;
    const searchAttributes = Object.fromEntries(
      names.map((name) => [
        name,
        types[`INDEXED_VALUE_TYPE_${SEARCH_ATTRIBUTES[name as keyof typeof SEARCH_ATTRIBUTES]}`],
      ]),
    );
    if (names.length > 0) await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
    return names;
  });
}

async function missing(connection: Connection, namespace: string): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return Object.keys(SEARCH_ATTRIBUTES).filter((name) => !(name in customAttributes));
}

async function onServer<T>(
  { address, namespace }: TemporalPlace,
  work: (connection: Connection, namespace: string) => Promise<T>,
): Promise<T> {
  const connection = await Connection.connect({ address, connectTimeout: '5s' });
  try {
    return await work(connection, namespace);
  } finally {
    await connection.close();
  }
}
