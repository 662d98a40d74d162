/** Workflows and everything that touches only our own database. */
export const HUB_QUEUE = 'hub';

/** Calls to one connection's provider: its own queue, so that a slow one never delays another. */
export const connectionQueue = (connectionId: number): string => `connection-${connectionId}`;
