type Values = Record<string, unknown>;

/** What the broker's own fields said, whichever form asked for it. */
export const extrasOf = (draft: object): Values =>
  Object.entries(draft).reduce<Values>(
    (all, [key, value]) => (key.startsWith('extra:') ? together(all, value as Values) : all),
    {},
  );

/** Both: two forms may ask for parts of one group. Of a field that both ask the later answer counts; lists are answers as a whole. */
export const together = (earlier: Values, later: Values): Values => {
  const all = { ...earlier };
  for (const [name, value] of Object.entries(later)) {
    const before = all[name];
    all[name] = isGroup(before) && isGroup(value) ? together(before, value) : value;
  }
  return all;
};

const isGroup = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
