import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.ts';

const CLI_WORDS = { KEYWORD: 'Keyword', DOUBLE: 'Double', BOOL: 'Bool', DATETIME: 'Datetime' } as const;

/** Our search attributes in the words of the Temporal CLI: name → type. */
export const cliSearchAttributes: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, CLI_WORDS[type]]),
);
