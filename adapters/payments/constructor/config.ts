import { z } from 'zod';

/** One thing the form asks for. */
const Field = z
  .object({
    /** Under which it is kept: 'iban'. */
    name: z.string().regex(/^[a-z][A-Za-z0-9]{0,39}$/),
    /** What the client reads. */
    label: z.string().trim().min(1).max(120),
    kind: z.enum(['text', 'digits', 'iban', 'bic', 'email', 'date', 'choice']).default('text'),
    required: z.boolean().default(true),
    maxLength: z.int().min(1).max(1000).default(200),
    hint: z.string().max(500).optional(),
    /** For `choice`. */
    choices: z.array(z.string().min(1).max(200)).max(300).optional(),
  })
  .refine(({ kind, choices }) => (kind === 'choice') === (choices !== undefined && choices.length > 0), {
    path: ['choices'],
    message: 'a choice needs choices, nothing else has them',
  });

const fields = () =>
  z
    .array(Field)
    .max(40)
    .default([])
    .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'two fields have the same name');

const PLACES = new Set(['reference', 'amount', 'currency']);

/** One form. Nothing here is secret: the client sees it. */
export const configSchema = z.object({
  /** What the payer reads: bank, account, what to write into the memo. `{reference}`, `{amount}` and `{currency}` are filled in. */
  instruction: z
    .string()
    .trim()
    .min(1)
    .max(8000)
    .refine((text) => text.includes('{reference}'), 'without {reference} nobody could tell whose money arrived')
    .refine(
      (text) => [...text.matchAll(/\{(\w+)\}/g)].every(([, name]) => PLACES.has(name!)),
      'only {reference}, {amount} and {currency} can be filled in',
    ),
  depositFields: fields(),
  payoutFields: fields(),
});

export type ConstructorConfig = z.output<typeof configSchema>;
export type FormField = z.output<typeof Field>;
