import { Problem, problem } from './errors.ts';

/**
 * The query as flat text: `filter[x][0]=a&filter[x][1]=b` becomes `filter[x]=a,b` as some B2Core clients send lists.
 * A parameter given twice is refused: nobody can say which one was meant.
 */
export const readQuery = (url: string): Record<string, string> => {
  const at = url.indexOf('?');
  if (at < 0) return {};
  const found = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(url.slice(at + 1))) {
    const indexed = /^(filter\[[^\]]*\])\[\d*\]$/.exec(key);
    const plain = indexed?.[1] ?? key;
    const before = found.get(plain);
    if (before !== undefined && !indexed) {
      throw new Problem(400, [
        { field: plain.slice(0, 200), reason: 'validation', issue: `${plain.slice(0, 200)} is given twice.` },
      ]);
    }
    if (plain === '__proto__') throw problem(400, 'validation', '__proto__ is not a parameter of this method.', plain);
    found.set(plain, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(found);
};
