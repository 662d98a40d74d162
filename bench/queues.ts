/** Queues of the bare references, split as the hub's are: own steps on the first, calls to a provider on the second. */
export const BARE_QUEUE = 'bare';
export const BARE_PROVIDER_QUEUE = 'bare-provider';
