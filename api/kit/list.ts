import { z } from 'zod';
import { type Filter, TIME_FILTERS } from './filters.ts';
import { wholeText } from './shapes.ts';

/** `sort_by` word → property of the row. */
export type Sorts = Record<string, string>;

interface ListRequest {
  where: Record<string, unknown>[];
  orderBy: Record<string, 'asc' | 'desc'>[];
  limit: number;
  offset: number;
}

const LARGEST_PAGE = 1000;
const LARGEST_OFFSET = 2_147_483_647;

/** The query of a list: paging, sorting, its own filters and the four time filters. */
export const listQuery = (filters: Record<string, Filter>, sorts: Sorts) => {
  const all = { ...filters, ...TIME_FILTERS };
  const words = Object.keys(sorts);
  const shape: Record<string, z.ZodType> = {
    limit: wholeText(1, LARGEST_PAGE).optional().meta({ description: 'Default 20.' }),
    offset: wholeText(0, LARGEST_OFFSET).optional(),
    ...(words.length > 0
      ? { sort_by: z.enum(words as [string, ...string[]], `must be one of ${words.join(', ')}`).optional() }
      : {}),
    sort_order: z.enum(['asc', 'desc'], 'must be asc or desc').optional(),
  };
  for (const [name, { schema }] of Object.entries(all)) shape[`filter[${name}]`] = schema.optional();
  return z.object(shape);
};

/** What a parsed list query means. Without `sort_by` rows come in ascending id order. */
export const listRequest = (
  query: Record<string, unknown>,
  filters: Record<string, Filter>,
  sorts: Sorts,
  idProperty: string,
): ListRequest => {
  const where = Object.entries({ ...filters, ...TIME_FILTERS }).flatMap(([name, filter]) => {
    const value = query[`filter[${name}]`];
    return value === undefined ? [] : [filter.where(value as never)];
  });
  const order = (query['sort_order'] as 'asc' | 'desc' | undefined) ?? 'asc';
  const sortBy = query['sort_by'] as string | undefined;
  const property = sortBy === undefined ? idProperty : sorts[sortBy]!;
  return {
    where,
    orderBy: property === idProperty ? [{ [idProperty]: order }] : [{ [property]: order }, { [idProperty]: order }],
    limit: (query['limit'] as number | undefined) ?? 20,
    offset: (query['offset'] as number | undefined) ?? 0,
  };
};

/** The query of a list that is read as a whole: without `limit` all of it is answered. */
export const pageQuery = {
  limit: wholeText(1, LARGEST_PAGE).optional().meta({ description: 'Default: all.' }),
  offset: wholeText(0, LARGEST_OFFSET).optional(),
};

export const pageOf = <T>(
  all: readonly T[],
  { limit, offset = 0 }: { limit?: number | undefined; offset?: number | undefined },
) => ({
  total: all.length,
  data: all.slice(offset, limit === undefined ? undefined : offset + limit),
});

/** `{total, data}` */
export const listOf = <S extends z.ZodType>(item: S) => z.object({ total: z.int(), data: z.array(item) });
