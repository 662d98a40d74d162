/** What the broker's own fields said, whichever form asked for it. */
export const extrasOf = (draft: object): Record<string, unknown> =>
  Object.assign(
    {},
    ...Object.entries(draft).flatMap(([key, value]) => (key.startsWith('extra:') ? [value as object] : [])),
  ) as Record<string, unknown>;
