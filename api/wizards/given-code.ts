import { text } from '../kit/shapes.ts';

/** Of a body that brings a code; the step says what one looks like. Recovery codes have 19 characters, and blanks are copied along. */
export const givenCode = text(40).optional();
