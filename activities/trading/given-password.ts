import { z } from 'zod';

/** A trading password that a person chose: what every platform can take; more is the platform's to ask for. */
export const givenPassword = () =>
  z
    .string()
    .min(8, 'must have at least 8 characters')
    .max(32, 'must have at most 32 characters')
    .regex(/^[\x21-\x7e]*$/, 'must be of printable ASCII characters without blanks')
    .refine((text) => /[a-z]/.test(text) && /[A-Z]/.test(text) && /\d/.test(text), 'must have a small letter, a capital and a digit'); // prettier-ignore
