import type { z } from 'zod';
import { flagText, idList, idText, text, timeText, wordList } from './shapes.ts';

/** One `filter[...]` of a list: how its text is read, and which rows it means. */
export interface Filter {
  schema: z.ZodType<unknown, unknown>;
  /** A MikroORM condition. */
  where: (value: never) => Record<string, unknown>;
}

const filter = <S extends z.ZodType<unknown, unknown>>(
  schema: S,
  where: (value: z.output<S>) => Record<string, unknown>,
): Filter => ({ schema, where });

export const byId = (property: string) => filter(idText(), (value) => ({ [property]: value }));
export const byIds = (property: string) => filter(idList(), (values) => ({ [property]: { $in: values } }));
export const byWord = (property: string) => filter(text(200), (value) => ({ [property]: value }));
/** `words`: all there are, where nobody can add any; another one is refused, as it would be a mistake and no empty list. */
export const byWords = (property: string, words?: readonly [string, ...string[]]) =>
  filter(wordList(words), (values) => ({ [property]: { $in: values } }));
export const byFlag = (property: string) => filter(flagText(), (value) => ({ [property]: value }));
/** Rows whose text contains the value, whatever the case. */
export const contains = (property: string) =>
  filter(text(200), (value) => ({ [property]: { $ilike: `%${value.replace(/[\\%_]/g, '\\$&')}%` } }));
export const custom = filter;

/** Offered on every list. */
export const TIME_FILTERS: Record<string, Filter> = {
  fromCreateTime: filter(timeText(), (time) => ({ createTime: { $gte: time } })),
  toCreateTime: filter(timeText(), (time) => ({ createTime: { $lte: time } })),
  fromUpdateTime: filter(timeText(), (time) => ({ updateTime: { $gte: time } })),
  toUpdateTime: filter(timeText(), (time) => ({ updateTime: { $lte: time } })),
};
