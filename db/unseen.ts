/**
 * SQL: the array in `$n`, which the planner cannot look into. With a short list in sight PostgreSQL takes a plan made for just this one for cheaper than the
 * plan for any list, and makes it anew for every call: planning the joins of a view costs ten times what running them costs. For statements whose best plan
 * is the same whatever the list.
 */
export const unseenArray = (n: number, type: string): string => `(select $${n}::${type}[])`;

/** The same for `column = any (ids)`. */
export const anyOf = (n: number): string => `any(${unseenArray(n, 'int')}::int[])`;
