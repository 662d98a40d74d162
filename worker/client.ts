import { Client, Connection } from '@temporalio/client';
import type { Settings } from '../config/settings.ts';
import { createCodec } from './codec.ts';

/** A client that speaks encrypted payloads. Connects at its first call, so a server that is down does not stop the start. */
export const connectTemporal = (
  settings: Pick<Settings, 'temporalAddress' | 'temporalNamespace' | 'payloadKeys'>,
): { client: Client; connection: Connection } => {
  const connection = Connection.lazy({ address: settings.temporalAddress, connectTimeout: '5s' });
  const client = new Client({
    connection,
    namespace: settings.temporalNamespace,
    dataConverter: { payloadCodecs: [createCodec(settings.payloadKeys)] },
  });
  return { client, connection };
};
