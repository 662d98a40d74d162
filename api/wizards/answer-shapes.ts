import { z } from 'zod';
import { asksOf } from '../../activities/wizards/steps.ts';
import { FACTORS } from '../../db/repositories/factors.ts';
import type { WizardType } from '../../domain/wizards/grammar.ts';
import { TokenPair } from '../back-office/sign-in/sign-in.ts';
import { END, REGISTRATION_LIST } from './waiting.ts';
import type { WizardAnswer } from './wizard-hub.ts';

const uuid = z.uuid().meta({
  description:
    'The run: send it with every further step. It ends half an hour after its last step, unless the broker wants it otherwise; then, and when it is finished, a step is answered 404 `wizard_not_found`: begin again.',
});
const done = z.boolean().meta({
  description: 'Go by `code`: this is true also of the first answer of a sign-in and of a payout, as in B2Core.',
});

const another = (data: z.ZodType, workflows: readonly [string, ...string[]]) =>
  z.object({
    code: z.literal(200).meta({ description: 'Another step follows.' }),
    data,
    done,
    uuid,
    workflow: z.enum(workflows).meta({ description: 'The step that is waited for.' }),
  });

/** The last answer of a run. `data`: what came of it. */
const ended = <D extends z.ZodType>(data: D) =>
  z.object({
    code: z.literal(202).meta({ description: 'Finished.' }),
    data,
    done: z.literal(true),
    uuid: z.uuid(),
    workflow: z.literal(END),
  });

interface Shapes {
  /** `data` of the last answer. */
  outcome: z.ZodType;
  /** Members that this wizard adds to what a step asks. */
  asking?: (asks: z.ZodType) => z.ZodType;
  first?: z.ZodType;
}

/** What the methods of a wizard answer: each step that may be asked in it, as the step itself says, and the end. */
export const wizardAnswer = (
  id: string,
  types: readonly WizardType[],
  { outcome, asking = (asks) => asks, first }: Shapes,
): z.ZodType<WizardAnswer, WizardAnswer> => {
  const byShape = Map.groupBy(types.flatMap(asksOf), ({ asks }) => asks);
  const steps = [...byShape].map(([asks, all]) =>
    another(asking(asks), [...new Set(all.flatMap(({ workflows }) => workflows))] as [string, ...string[]]),
  );
  const shape = z.union([...(first ? [first] : []), ...steps, ended(outcome)]).meta({ id });
  return shape as unknown as z.ZodType<WizardAnswer, WizardAnswer>;
};

/** Where nothing is to be told at the end. */
export const Nothing = z.array(z.never());

/** The end of whatever signs in. */
export const SignedIn = ended(
  z.object({ ...TokenPair.shape, tfaProviders: Nothing }).meta({
    id: 'TokensGiven',
    description: 'The client is signed in. Ask again within five minutes, and the same tokens come.',
  }),
);

const FACTOR_STEPS = {
  accessToken: z.null().optional(),
  refreshToken: z.null().optional(),
  tfaProviders: z.array(z.enum(FACTORS)).optional().meta({ description: 'Which second factors of the client are on.' }),
};

/** What a sign-in asks besides: at a second factor it says which ones there are. */
export const withFactors = (asks: z.ZodType): z.ZodType => {
  const { description } = asks.meta() ?? {};
  const about = description === undefined ? {} : { description };
  if (asks instanceof z.ZodNull) return z.object(FACTOR_STEPS).nullable().meta(about);
  return asks instanceof z.ZodObject ? asks.extend(FACTOR_STEPS).meta(about) : asks;
};

export const REGISTRATIONS = another(
  z
    .object({
      wizards: z.array(
        z.object({ id: z.int(), uuid: z.uuid(), name: z.string(), description: z.string(), default: z.boolean() }),
      ),
    })
    .meta({ description: 'Send `{uuid, wizard_id}`: the id of one of these.' }),
  [REGISTRATION_LIST],
);
