import { z } from 'zod';
import { isDay } from '../../domain/days.ts';
import { isZero, normal } from '../../domain/money.ts';
import { hasUnseen, UNSEEN_ISSUE } from '../../domain/unseen.ts';
import { JsonNumber } from '../../domain/json-number.ts';

/** Replaces what the generator found out about a schema: for shapes whose wire form differs from their code. */
const documented = (schema: Record<string, unknown>) => ({
  override: ({ jsonSchema }: { jsonSchema: Record<string, unknown> }) => {
    for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
    Object.assign(jsonSchema, schema);
  },
});

const LARGEST_ID = 2_147_483_647;

/** A row's number in a body. */
export const id = () => z.int('must be a whole number').min(1).max(LARGEST_ID);

/** A row's number in a path or query. */
export const idText = () => wholeText(1, LARGEST_ID);

export const wholeText = (least: number, most: number) =>
  z
    .string()
    .regex(/^-?\d{1,10}$/, 'must be a whole number')
    .transform(Number)
    .refine((n) => n >= least && n <= most, `must be from ${least} to ${most}`)
    .meta(documented({ type: 'integer', minimum: least, maximum: most }));

/** '1,2,3' in a query. */
export const idList = () =>
  z
    .string()
    .regex(/^-?\d{1,9}(,-?\d{1,9}){0,999}$/, 'must be whole numbers, comma separated')
    .transform((text) => text.split(',').map(Number))
    .meta(documented({ type: 'string', pattern: '^-?\\d{1,9}(,-?\\d{1,9})*$' }));

/** 'a,b,c' in a query; with `words` only those. */
export const wordList = (words?: readonly [string, ...string[]]) => {
  const list = z
    .string()
    .min(1)
    .max(1000)
    .transform((text) => text.split(','));
  if (!words) return list.meta(documented({ type: 'string', minLength: 1, maxLength: 1000 }));
  const one = words.join('|');
  return list
    .refine((all) => all.every((word) => words.includes(word)), `must be among ${words.join(', ')}`)
    .meta(documented({ type: 'string', pattern: `^(${one})(,(${one}))*$` }));
};

export const flagText = () =>
  z
    .enum(['true', 'false', '1', '0'], 'must be true, false, 1 or 0')
    .transform((text) => text === 'true' || text === '1')
    .meta(documented({ type: 'string', enum: ['true', 'false', '1', '0'] }));

/** A time in a query; a `+` that was not escaped arrives as a blank. */
export const timeText = () =>
  z
    .string()
    .transform((text) => text.replace(' ', '+'))
    .pipe(z.iso.datetime({ offset: true, error: 'must be a time such as 2026-01-31T12:00:00+00:00' }))
    .transform((text) => new Date(text))
    .refine((date) => date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9999, 'is out of range')
    .meta(documented({ type: 'string', format: 'date-time' }));

const NO_DAY = 'must be a date such as 2026-01-31';
/** A day in a body, YYYY-MM-DD. */
export const day = () => z.iso.date({ error: NO_DAY, abort: true }).refine(isDay, NO_DAY);

/** Answer side: ISO 8601 with offset. */
export const time = () => z.string().meta(documented({ type: 'string', format: 'date-time' }));
export const isoTime = (date: Date | string): string => `${new Date(date).toISOString().slice(0, 19)}+00:00`;
/** Of a time from which on something may be done: the first whole second that is not before it. */
export const isoFrom = (date: Date | string): string => isoTime(new Date(Math.ceil(+new Date(date) / 1_000) * 1_000));
export const isoTimeOrNull = (date: Date | string | null | undefined): string | null => (date ? isoTime(date) : null);

/** Answer side: decimal string with 18 places. */
export const money = () => z.string().regex(/^-?\d{1,20}\.\d{18}$/);

/** One line of text, trimmed, not empty. */
export const name = (most: number) =>
  z.string().trim().min(1, 'must not be empty').max(most, `must have at most ${most} characters`);
/** A name that a client gives: operators read it too. */
export const clientsName = (most: number) => name(most).refine((given) => !hasUnseen(given), UNSEEN_ISSUE);
export const text = (most: number) => z.string().max(most, `must have at most ${most} characters`);
export const email = () =>
  z
    .string()
    .trim()
    .max(254)
    .regex(/^[^\s@,]+@[^\s@,]+$/, 'must be an e-mail address');

const PLAIN = /^(\d+)(?:\.(\d+))?$/;

const amountText = (literal: string, zeroAllowed: boolean, ctx: z.RefinementCtx): string => {
  const refuse = (message: string): never => {
    ctx.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  if (literal.startsWith('-')) return refuse('must not be negative');
  const match = PLAIN.exec(literal);
  if (!match) return refuse('must be a plain decimal such as 25.50');
  if (match[1]!.replace(/^0+/, '').length > 18) return refuse('is too large');
  if ((match[2] ?? '').length > 18) return refuse('has more than 18 decimals');
  const amount = normal(`${match[1]!.replace(/^0+(?=\d)/, '')}${match[2] === undefined ? '' : `.${match[2]}`}`);
  if (!zeroAllowed && isZero(amount)) return refuse('must be more than zero');
  return amount;
};

/**
 * An amount in a request, out as a decimal string. `string`: only decimal strings. `number`: B2Core says number there; the
 * digits are taken as they were written, so nothing ever passes through a float; strings are accepted too.
 */
export const amountInput = (form: 'string' | 'number' = 'string', { zero = false } = {}) =>
  z
    .custom<string | number | JsonNumber>(
      (value) =>
        typeof value === 'string' || (form === 'number' && (typeof value === 'number' || value instanceof JsonNumber)),
      form === 'string' ? 'must be a decimal string such as "25.50"' : 'must be a decimal amount',
    )
    .transform((value, ctx) => amountText(value instanceof JsonNumber ? value.literal : String(value), zero, ctx))
    .meta(
      documented(
        form === 'string'
          ? {
              type: 'string',
              pattern: '^\\d{1,18}(\\.\\d{1,18})?$',
              description: 'Decimal amount in major units.',
              examples: ['25.50'],
            }
          : {
              anyOf: [
                { type: 'number', ...(zero ? { minimum: 0 } : { exclusiveMinimum: 0 }) },
                { type: 'string', pattern: '^\\d{1,18}(\\.\\d{1,18})?$' },
              ],
              description: 'Decimal amount in major units, without exponent.',
              examples: ['25.50'],
            },
      ),
    );

/** A body that names what to change: something it must name. */
export const atLeastOneField = <S extends z.ZodObject>(schema: S) =>
  schema
    .refine((body) => Object.values(body).some((value) => value !== undefined), 'must hold at least one field')
    .meta({ override: { minProperties: 1 } });

/** Free-form members a provider or a form defines. Numbers are kept as they were written. */
export const freeForm = () =>
  z
    .record(z.string().max(100), z.unknown())
    .refine((value) => Object.keys(value).length <= 100, 'has more than 100 members');

export const Translation = z
  .strictObject({ key: name(64), locale: name(16), value: text(4000) })
  .meta({ id: 'Resource' });
export const translations = () => z.array(Translation).max(200);

export const idAndName = () => z.object({ id: z.int(), name: z.string() });
