/**
 * SQL: the arrays in `$1`, `$2`, …, of these types, into which the planner cannot look. With a short list in sight PostgreSQL takes a plan made for just this one for cheaper than the
 * plan for any list, and makes it anew for every call: planning the joins of a view costs ten times what running them costs. For statements whose best plan
 * is the same whatever the list.
 */
export const unseenArrays = (...types: string[]): string =>
  types.map((type, i) => `(select $${i + 1}::${type}[])`).join(', ');

/** The same for `column = any (ids)`, the ids in `$n`. */
export const anyOf = (n: number): string => `any((select $${n}::int[])::int[])`;
