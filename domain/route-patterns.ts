/** '/api/*': '*' stands for any text, slashes too. */
export const ROUTE_PATTERN = /^\/[\w\-./~*]*$/;

/** Below it providers call; see `routeMatches`. */
const CALLBACKS = '/webhooks';

/**
 * Whether a path is among those a pattern means: '/api/v2/accounts/*' means what is below /api/v2/accounts, and not that itself. A '*' that begins further
 * up does not reach the callbacks of providers: they are meant only by a pattern that names /webhooks.
 */
export const routeMatches = (pattern: string, path: string): boolean => {
  const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  if (isBelow(plain, CALLBACKS) && !pattern.startsWith(CALLBACKS)) return false;
  const [first, ...rest] = pattern.split('*') as [string, ...string[]];
  const last = rest.pop();
  if (last === undefined) return plain === pattern;
  if (!plain.startsWith(first) || !plain.endsWith(last)) return false;
  let at = first.length;
  const end = plain.length - last.length;
  for (const piece of rest) {
    const found = plain.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return at <= end;
};

const isBelow = (path: string, parent: string): boolean => path === parent || path.startsWith(`${parent}/`);
