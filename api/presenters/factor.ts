import { z } from 'zod';
import { type Factor, FACTOR_CAPTIONS, FACTORS } from '../../db/repositories/factors.ts';
import { notFound } from '../kit/errors.ts';
import { text } from '../kit/shapes.ts';

/** objects-back-office 1.3. */
export const SecondFactor = z
  .object({ caption: z.string(), isEnabled: z.boolean(), name: z.enum(FACTORS) })
  .meta({ id: 'SecondFactor' });

export const factorView = (name: Factor, on: readonly Factor[]) => ({
  caption: FACTOR_CAPTIONS[name],
  isEnabled: on.includes(name),
  name,
});

export const factorViews = (on: readonly Factor[]) => FACTORS.map((name) => factorView(name, on));

/** In a path: any other word is a factor that is not there. */
export const factorParam = z.object({ type: text(20).meta({ description: 'google, sms, email' }) });

/** Throws 404. */
export const factorNamed = (type: string): Factor => {
  const found = FACTORS.find((one) => one === type);
  if (!found) throw notFound('second factor');
  return found;
};
