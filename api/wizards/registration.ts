import { z } from 'zod';
import { captchaForm } from '../../activities/wizards/captcha.ts';
import type { ApiDeps } from '../deps.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { id } from '../kit/shapes.ts';
import { REGISTRATIONS, SignedIn, wizardAnswer } from './answer-shapes.ts';
import { signedIn, tokensOf } from './answers.ts';
import { type Caller, callerOf } from './caller.ts';
import { disabled, gone, wrongStep } from './refusals.ts';
import { REGISTRATION_LIST, workflowOf } from './waiting.ts';
import type { Definition, Reached, WizardAnswer, WizardHub } from './wizard-hub.ts';

const MEANT = { type: 'registration' } as const;

const Begin = z
  .strictObject({
    wizard: z
      .uuid('must be a UUID')
      .optional()
      .meta({ description: 'Which registration; without it the client chooses.' }),
    url: z
      .string()
      .max(2_000)
      .optional()
      .meta({ description: 'Taken for older client apps; the message has the code.' }),
    utm: z
      .record(z.string().max(64), z.string().max(2_000).nullable())
      .refine((all) => Object.keys(all).length <= 30, 'has more than 30 members')
      .optional()
      .meta({ description: 'utm_source, utm_referral, …: kept with the client.' }),
  })
  .optional();

const Send = z
  .object({
    uuid: z.uuid('must be a UUID'),
    wizard_id: id().optional().meta({ description: 'At `registration_list`: the one that is chosen.' }),
    resend: z.literal(true).optional().meta({ description: 'At a code: send another one.' }),
  })
  .catchall(z.unknown());

const common = {
  tags: ['Registration'] as [string],
  access: 'public' as const,
  answer: wizardAnswer('RegistrationAnswer', ['registration'], { outcome: SignedIn.shape.data, first: REGISTRATIONS }),
};

/** POST /my/signup/wizard and /my/signup: how somebody becomes a client. */
export const registrationProcedures = (wizards: WizardHub, { tokens }: ApiDeps): Procedure[] => {
  const answer = async ({ run, step }: Reached, caller: Caller): Promise<WizardAnswer> =>
    step ? wizards.ask(run, step, caller) : signedIn(run.uuid, await tokensOf(wizards, tokens, run));

  const factsAtOpening = async () => {
    const { open, provider } = wizards.hub.tools();
    return { captcha: (await captchaForm({ pool: wizards.db, open, provider })).enabled };
  };

  return [
    procedure('POST /my/signup/wizard', {
      ...common,
      summary: 'Begin a registration',
      description:
        'Answers the first form or, where there are several registrations and none is named, the list of them.',
      limit: perActor('60/m'),
      errors: [403],
      body: Begin,
      handle: async (call) => {
        const caller = callerOf(call);
        const all = await wizards.definitions('registration');
        const { wizard, utm = {} } = call.body ?? {};
        const chosen =
          wizard === undefined ? (all.length === 1 ? all[0]! : null) : all.find(({ uuid }) => uuid === wizard);
        if (all.length === 0 || chosen === undefined) throw disabled();
        const analytics = Object.entries(utm).flatMap(([property, value]) => (value ? [{ property, value }] : []));
        const opening = analytics.length > 0 ? { keep: { analytics } } : {};
        const run = await wizards.write('registration', chosen, caller, opening);
        if (chosen) return await answer(await wizards.begin(run, await factsAtOpening()), caller);
        return {
          code: 200 as const,
          data: {
            wizards: all.map(({ definitionId, uuid, name, description, isDefault }) => ({
              id: definitionId,
              ...{ uuid, name, description, default: isDefault },
            })),
          },
          done: true,
          uuid: run.uuid,
          workflow: REGISTRATION_LIST,
        };
      },
    }),

    procedure('POST /my/signup', {
      ...common,
      summary: 'The next step of a registration',
      description:
        'Which one it is says `workflow` of the answer before; its fields are in `data.fields`. The last step answers tokens: the client is signed in.',
      limit: perActor('120/m'),
      errors: [403, 404, 409],
      body: Send,
      handle: async (call) => {
        const caller = callerOf(call);
        const { uuid, wizard_id: wizardId, resend, ...sent } = call.body;
        if (wizardId !== undefined)
          return await answer(await choose(wizards, caller, uuid, wizardId, factsAtOpening), caller);
        const reached = resend
          ? await wizards.sendAgain(uuid, MEANT, caller)
          : await wizards.submit(uuid, MEANT, caller, sent);
        return await answer(reached, caller);
      },
    }),
  ];
};

/** The run begins when it is known as what. Said again, it answers the same. */
const choose = async (
  wizards: WizardHub,
  caller: Caller,
  uuid: string,
  wizardId: number,
  facts: () => Promise<{ captcha: boolean }>,
): Promise<Reached> => {
  const found = await wizards.find(uuid, 'registration', caller, []);
  if (found.definitionId === null) {
    const definitions: Definition[] = await wizards.definitions('registration');
    const chosen = definitions.find(({ definitionId }) => definitionId === wizardId);
    if (!chosen) throw disabled();
    await wizards.db.query(
      `update wizard_run set definition_id = $2, version = $3, update_time = now() where id = $1 and definition_id is null and expires_at > now()`,
      [found.id, chosen.definitionId, chosen.version],
    );
  }
  // Somebody may have chosen at the same moment.
  const run = await wizards.find(uuid, 'registration', caller, []);
  if (run.definitionId === null) throw gone();
  if (run.definitionId !== wizardId) throw wrongStep(workflowOf((await wizards.waiting(run)).step));
  return wizards.begin(run, await facts());
};
