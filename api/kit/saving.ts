import { HubFailure } from '../../domain/failures.ts';

/** SQLSTATE with the names PostgreSQL gives along; drivers wrap it at different depths. */
interface DatabaseError {
  code?: string;
  constraint?: string;
  detail?: string;
  table?: string;
}

const databaseError = (error: unknown): DatabaseError | undefined => {
  for (let inner = error; inner instanceof Error; inner = inner.cause ?? (inner as { previous?: unknown }).previous) {
    const { code } = inner as DatabaseError;
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return inner as DatabaseError;
  }
  return undefined;
};

/** Turns what the database refuses into what the caller can understand: already_exists, in_use, not_found with the field. */
export const savingFailures = async <T>(
  noun: string,
  intent: 'save' | 'delete',
  work: () => Promise<T>,
): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    const found = databaseError(error);
    const field = found && fieldOf(found);
    const facts = field === undefined ? {} : { field };
    switch (found?.code) {
      case '23505':
        throw new HubFailure(
          'Rejected',
          'already_exists',
          `Another ${noun} has this ${field ?? 'value'} already.`,
          facts,
        );
      case '23503':
        if (intent === 'delete')
          throw new HubFailure('Rejected', 'in_use', `This ${noun} is in use and cannot be deleted.`);
        throw new HubFailure('InvalidInput', 'not_found', `There is no such ${field ?? 'object'}.`, facts);
      case '23514':
        throw new HubFailure('InvalidInput', 'validation', 'A value is not allowed here.', facts);
      default:
        throw error;
    }
  }
};

/** 'Key (alphabetic_code)=(USD) already exists.' → 'alphabeticCode'; of several columns the last, which makes it unique. */
const fieldOf = ({ detail, table, constraint }: DatabaseError): string | undefined => {
  const columns = /^Key \((?:lower\()?([\w, "]+?)(?:::text)?\)?\)=/.exec(detail ?? '')?.[1];
  const column =
    columns?.split(',').at(-1)?.trim() ?? constraint?.replace(`${table}_`, '').replace(/_(fkey|check|key)$/, '');
  return column?.replace(/_(\w)/g, (_all, letter: string) => letter.toUpperCase());
};
