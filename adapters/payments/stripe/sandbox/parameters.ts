import { z } from 'zod';
import { stripeError } from './errors.ts';

const text = z.string().max(5000);
const expand = z.array(text).optional();
const metadata = z.record(z.string().max(40), z.string().max(500)).default({});
const currency = z.string().length(3).toLowerCase();
const amount = z
  .string()
  .regex(/^[1-9]\d{0,11}$/, 'Invalid integer')
  .transform(BigInt);
const url = z.url({ protocol: /^https?$/ });
const money = { amount, currency, metadata, expand };
export const SHAPES = {
  session: z.strictObject({
    mode: z.literal('payment'),
    line_items: z.tuple([
      z.strictObject({
        quantity: z.literal('1'),
        price_data: z.strictObject({
          currency,
          unit_amount: amount,
          product_data: z.strictObject({ name: text.min(1) }),
        }),
      }),
    ]),
    success_url: url,
    cancel_url: url.optional(),
    client_reference_id: z.string().max(200).optional(),
    payment_intent_data: z.strictObject({ metadata }).default({ metadata: {} }),
    metadata,
    expand,
  }),
  payment: z.strictObject({
    ...money,
    automatic_payment_methods: z.strictObject({ enabled: z.literal('true') }).optional(),
  }),
  refund: z.strictObject({
    payment_intent: text,
    amount: amount.optional(),
    reason: text.optional(),
    metadata,
    expand,
  }),
  transfer: z.strictObject({ ...money, destination: text, transfer_group: text.optional() }),
  payout: z.strictObject({ ...money, destination: text.default('ba_1SandboxBank') }),
  endpoint: z.strictObject({ url, enabled_events: z.array(text).min(1), metadata, expand }),
};
export const SEARCH = z.strictObject({ query: z.string().regex(/^metadata\['\w+'\]:'[^']*'$/) });
export const ONE = z.strictObject({ expand });
export const PAGE = z.strictObject({
  limit: z
    .string()
    .regex(/^([1-9]\d?|100)$/)
    .default('10'),
  starting_after: text.optional(),
  created: z.partialRecord(z.enum(['gt', 'gte', 'lt', 'lte']), z.string().regex(/^\d+$/)).default({}),
  expand,
});

/** Refuses what is unknown, missing or malformed. */
export const checked = <T>(shape: z.ZodType<T>, given: unknown): T => {
  const params = shape.safeParse(given);
  if (params.success) return params.data;
  const issue = params.error.issues[0]!;
  const unknown = issue.code === 'unrecognized_keys';
  const path = [...issue.path, ...(unknown ? issue.keys.slice(0, 1) : [])].map(String);
  const param = path.map((one, n) => (n ? `[${one}]` : one)).join('');
  if (unknown) throw stripeError(400, 'parameter_unknown', `Received unknown parameter: ${param}`, param);
  const value = path.reduce((at: unknown, one) => (at as Record<string, unknown> | undefined)?.[one], given);
  if (value !== undefined) throw stripeError(400, 'parameter_invalid', issue.message, param);
  throw stripeError(400, 'parameter_missing', `Missing required param: ${param}.`, param);
};

/** `a[b]=1&c[0]=2&c[]=3` as nested objects; those whose names are all numbers are lists. */
export const bracketed = (form: string): unknown => {
  // Without prototypes: names such as `constructor` come from outside.
  const fresh = () => Object.create(null) as Record<string, unknown>;
  const root = fresh();
  for (const [name, value] of new URLSearchParams(form)) {
    const path = name.replaceAll(']', '').split('[');
    const last = path.pop()!;
    let at = root;
    for (const step of path) {
      at = (at[step] ??= fresh()) as Record<string, unknown>;
      if (typeof at !== 'object') throw stripeError(400, 'parameter_invalid', 'Invalid object', step);
    }
    at[last === '' ? String(Object.keys(at).length) : last] = value;
  }
  const lists = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([name, member]) => [name, lists(member)] as const);
    const isList = entries.length > 0 && entries.every(([name]) => /^\d+$/.test(name));
    return isList ? entries.map(([, member]) => member) : Object.fromEntries(entries);
  };
  return lists(root);
};
