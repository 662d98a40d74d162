import { z } from 'zod';
import { type Amount, normal } from '../../domain/money.ts';

/** objects-back-office 7.2: the whole decimal, and how many digits of it are behind the point. */
export const rateParts = (rate: Amount): { value: string; scale: number } => {
  const value = normal(rate);
  return { value, scale: value.split('.')[1]?.length ?? 0 };
};

export const RateParts = { value: z.string(), scale: z.int() };
