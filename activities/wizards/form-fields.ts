import { z } from 'zod';
import { whyUnfillable } from './field-rules.ts';

/** A text of a field in one language. `key`: 'label' or 'hint'. */
const Text = z.strictObject({
  key: z.enum(['label', 'hint']),
  locale: z.string().regex(/^[a-z]{2}_[A-Z]{2}$/, 'must look like en_US'),
  value: z.string().min(1).max(500),
});

export const RULE =
  /^(required|string|info_name|date|accepted|country|distinct|unique_active_email|password_length|password_content|email(:[a-z,]+)?|phone:(AUTO|[A-Z]{2})|same:[A-Za-z]\w{0,63}|(min|max|age):\d{1,4})$/;

const shared = {
  name: z.string().regex(/^[A-Za-z]\w{0,63}$/, 'must be a letter followed by letters, digits and _'),
  texts: z.array(Text).max(50).default([]),
  rules: z.array(z.string().regex(RULE, 'is no rule of forms')).max(20).default([]),
};

const Option = z.strictObject({
  value: z.string().min(1).max(100),
  texts: z.array(Text).max(50).default([]),
});

const Leaf = z.strictObject({
  ...shared,
  type: z.enum(['input', 'passwordButton', 'select', 'multiSelect', 'radio', 'boolean', 'date', 'phone']),
  options: z.array(Option).max(500).default([]),
  default: z
    .union([z.string().max(500), z.boolean()])
    .nullable()
    .default(null),
});

const TWO_OF_ONE_NAME = 'has two fields of one name';
const haveNames = (all: readonly { name: string }[]): boolean =>
  new Set(all.map(({ name }) => name)).size === all.length;

const Group = z.strictObject({
  ...shared,
  type: z.literal('group'),
  /** A list: what is sent is an object with the keys "0", "1". */
  multiple: z.boolean().default(false),
  fields: z.array(Leaf).min(1).max(50).refine(haveNames, TWO_OF_ONE_NAME),
});

export const Field = z.discriminatedUnion('type', [Leaf, Group]).meta({ id: 'WizardField' });
/** What a form says under these names has a place with the client or a meaning of its own, so it has this shape. */
const KNOWN: Record<string, Partial<LeafField> | { type: 'group'; multiple: boolean }> = {
  email: { type: 'input' },
  password: { type: 'passwordButton' },
  password_confirmation: { type: 'passwordButton' },
  phones: { type: 'group', multiple: true },
  'phones.phone': { type: 'phone' },
  info: { type: 'group', multiple: false },
  'info.givenName': { type: 'input' },
  'info.middleName': { type: 'input' },
  'info.familyName': { type: 'input' },
  'info.birthday': { type: 'date', rules: ['date'] },
  addresses: { type: 'group', multiple: true },
};
/** What may come with every form: no field can have such a name. */
export const SENT_WITH_EVERY_FORM: readonly string[] = [
  'uuid',
  'wizard_id',
  'resend',
  'device_fingerprint',
  'recaptchaResponse',
];

/** What is wrong with a field among others, by its shape where it has a known name and by its rules; null: nothing. */
const faultOf = (field: FormField, beside: readonly FormField[], path = ''): string | null => {
  const at = `${path}${field.name}`;
  const known = KNOWN[at];
  if (path === '' && SENT_WITH_EVERY_FORM.includes(at)) return `cannot call a field '${at}'`;
  if (known && known.type !== field.type) return `needs '${at}' to be of type ${known.type}`;
  if (known && 'multiple' in known && field.type === 'group' && field.multiple !== known.multiple)
    return `needs '${at}' ${known.multiple ? 'to be a list' : 'not to be a list'}`;
  const rule = known && 'rules' in known ? known.rules?.find((one) => !field.rules.includes(one)) : undefined;
  if (rule !== undefined) return `needs the rule '${rule}' at '${at}'`;
  if (field.type !== 'group') return whyUnfillable(field, beside, path);
  return field.fields.map((one) => faultOf(one, field.fields, `${at}.`)).find((one) => one !== null) ?? null;
};

export const Fields = z
  .array(Field)
  .min(1)
  .max(50)
  .refine(haveNames, TWO_OF_ONE_NAME)
  .superRefine((all, ctx) => {
    for (const issue of all.map((field) => faultOf(field, all)))
      if (issue !== null) ctx.addIssue({ code: 'custom', message: issue });
  });

export type LeafField = z.output<typeof Leaf>;

/** A field of a form that is the same for every broker. */
export const leaf = (name: string, type: LeafField['type'], label: string, ...rules: string[]): LeafField => ({
  ...{ name, type, rules, options: [], default: null },
  texts: [{ key: 'label', locale: 'en_US', value: label }],
});
export type GroupField = z.output<typeof Group>;
export type FormField = z.output<typeof Field>;

const textIn = (texts: LeafField['texts'], key: string, locale: string): string | undefined => {
  const all = texts.filter((one) => one.key === key);
  const language = locale.slice(0, 2);
  const found =
    all.find((one) => one.locale === locale) ??
    all.find((one) => one.locale.startsWith(language)) ??
    all.find((one) => one.locale === 'en_US') ??
    all[0];
  return found?.value;
};

const shown = {
  id: z.string(),
  name: z.string().meta({ description: 'Under which it is sent.' }),
  label: z.string().meta({ description: 'In the language of `Accept-Language`, where the broker has it.' }),
  rules: z
    .array(z.string())
    .meta({ description: '`required`, `min:1`, `max:30`, `same:password`, …; docs/wizards.md has all.' }),
  hint: z.string().nullable(),
};
const OptionShown = z.object({ value: z.string(), label: z.string() });
const LeafShown = z
  .object({
    ...shown,
    type: Leaf.shape.type,
    options: z
      .array(OptionShown)
      .nullable()
      .meta({ description: 'Their `value` is sent; null where anything may be.' }),
    fields: z.null(),
    default: z.union([z.string(), z.boolean()]).nullable(),
    multiple: z.literal(false),
  })
  .meta({ id: 'FormLeaf' });
const GroupShown = z
  .object({
    ...shown,
    type: z.literal('group'),
    options: z.null(),
    fields: z.array(LeafShown),
    default: z.null(),
    multiple: z.boolean().meta({
      description:
        'false: an object of its fields is sent; true: an object with the keys `"0"`, `"1"`, each with such an object.',
    }),
  })
  .meta({ id: 'FormGroup' });

/** A field as client apps are shown it (objects-front-office 1.5). */
export const FieldShown = z.discriminatedUnion('type', [LeafShown, GroupShown]).meta({ id: 'FormField' });
export const FormShown = z.object({ fields: z.array(FieldShown) });

const leafForm = (
  field: LeafField,
  locale: string,
  countries: readonly { value: string; label: string }[],
): z.input<typeof LeafShown> => ({
  ...commonForm(field, locale),
  type: field.type,
  options: field.rules.includes('country')
    ? [...countries]
    : field.options.length === 0
      ? null
      : field.options.map(({ value, texts }) => ({ value, label: textIn(texts, 'label', locale) ?? value })),
  fields: null,
  default: field.default,
  multiple: false,
});

const commonForm = ({ name, texts, rules }: FormField, locale: string) => ({
  id: name,
  name,
  label: textIn(texts, 'label', locale) ?? name,
  rules,
  hint: textIn(texts, 'hint', locale) ?? null,
});

/** `countries`: what a country field offers. */
export const fieldForm = (
  field: FormField,
  locale: string,
  countries: readonly { value: string; label: string }[],
): z.input<typeof FieldShown> =>
  field.type === 'group'
    ? {
        ...commonForm(field, locale),
        type: field.type,
        options: null,
        fields: field.fields.map((one) => leafForm(one, locale, countries)),
        default: null,
        multiple: field.multiple,
      }
    : leafForm(field, locale, countries);
