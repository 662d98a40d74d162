import { problem } from './errors.ts';

interface Match<T> {
  route: T;
  /** Decoded path parameters by name. */
  params: Record<string, string>;
}

type Serves<T> = (route: T, named?: Record<string, string>) => boolean;

interface Pattern<T> {
  /** null where a parameter stands. */
  segments: (string | null)[];
  names: string[];
  route: T;
}

/**
 * Finds a route by its path; `{name}` stands for one segment. Paths without parameters are looked up in a map, and win over others.
 * Express would try the pattern of one route after the other, which costs more than most answers do.
 */
export const createRoutes = <T>(routes: Iterable<readonly [path: string, route: T]>) => {
  const fixed = new Map<string, T>();
  const patterns = new Map<number, Pattern<T>[]>();
  for (const [path, route] of [...routes].sort(([a], [b]) => staticFirst(a, b))) {
    const segments = path.split('/').map((one) => (one.startsWith('{') ? null : one));
    const names = path.split('/').flatMap((one) => (one.startsWith('{') ? [one.slice(1, -1)] : []));
    if (names.length === 0) fixed.set(path, route);
    else patterns.set(segments.length, [...(patterns.get(segments.length) ?? []), { segments, names, route }]);
  }
  /**
   * `serves`: routes that do not are passed by, for one path may be fixed for one method and a pattern for another. Where a fixed path
   * was passed by, it is told what a pattern takes its words for: they need not be that.
   */
  return (path: string, serves: Serves<T> = () => true): Match<T> | undefined => {
    const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    const known = fixed.get(plain);
    if (known !== undefined && serves(known)) return { route: known, params: {} };
    const given = plain.split('/');
    const found = patterns
      .get(given.length)
      ?.find(
        (one) => fits(one.segments, given) && serves(one.route, known === undefined ? undefined : paramsOf(one, given)),
      );
    return found && { route: found.route, params: paramsOf(found, given) };
  };
};

/** So that /resolutions/types/{id} is not taken for a /resolutions/{id}/{what}. */
const staticFirst = (a: string, b: string): number => {
  const [left, right] = [a.replaceAll('{', '~'), b.replaceAll('{', '~')];
  return left < right ? -1 : left > right ? 1 : 0;
};

const fits = (segments: readonly (string | null)[], given: readonly string[]): boolean =>
  segments.every((segment, i) => (segment === null ? given[i] !== '' : segment === given[i]));

const paramsOf = <T>({ segments, names }: Pattern<T>, given: readonly string[]): Record<string, string> => {
  const values = given.filter((_, i) => segments[i] === null);
  try {
    return Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(values[i]!)]));
  } catch {
    throw problem(400, 'validation', 'The path is not properly encoded.');
  }
};
