import type { Socket as EngineSocket } from 'engine.io';

/** Ends a connection with a code of RFC 6455. False: it is none of a WebSocket. */
export const closeWebSocket = (connection: unknown, code: number, reason?: string): boolean => {
  const { transport } = connection as EngineSocket & {
    transport: { name: string; socket: { close(code: number, reason?: string): void } };
  };
  if (transport.name !== 'websocket') return false;
  transport.socket.close(code, reason);
  return true;
};
