/** Keys of the tests, fixed so that recorded histories can be read again. They protect nothing. */
export const PAYLOAD_KEYS = `t1:${Buffer.alloc(32, 1).toString('base64')}`;
export const CONFIG_KEYS = `c1:${Buffer.alloc(32, 2).toString('base64')}`;
