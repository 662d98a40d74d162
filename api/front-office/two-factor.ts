import { z } from 'zod';
import { newTotpSecret } from '../../activities/wizards/totp.ts';
import { phonesOf } from '../../db/repositories/client-phones.ts';
import { type Factor, FACTOR_CAPTIONS, factorsOf } from '../../db/repositories/factors.ts';
import { recoveryCodesLeft } from '../../db/repositories/recovery-codes.ts';
import { problem } from '../kit/errors.ts';
import { listOf, pageOf, pageQuery } from '../kit/list.ts';
import { type Call, type Procedure, procedure } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { text } from '../kit/shapes.ts';
import { factorNamed, factorParam, factorView, factorViews, SecondFactor } from '../presenters/factor.ts';
import { Nothing, wizardAnswer } from '../wizards/answer-shapes.ts';
import { ClientWizard, CONFIRM_STEPS } from '../wizards/client-wizard.ts';
import { givenCode } from '../wizards/given-code.ts';
import { outcomeOf } from '../wizards/outcome.ts';
import type { WizardHub } from '../wizards/wizard-hub.ts';

const STEPS = [...CONFIRM_STEPS, 'key', 'phone', 'new-sms', 'new-email'] as const;

const RecoveryCodes = z
  .object({ recoveryCodes: z.array(z.string()) })
  .meta({ description: 'Each does once for a lost second factor. They are shown here and nowhere else.' });
const Answer = wizardAnswer('SecondFactorAnswer', ['twoFactorChange'], { outcome: z.union([RecoveryCodes, Nothing]) });

const common = { tags: ['Second factors'] as [string], access: 'client' as const };
const opening = { ...common, answer: Answer, limit: perActor('30/m'), errors: [403, 404, 409] };

/** What a client does about his second factors. */
export const twoFactorProcedures = (wizards: WizardHub): Procedure[] => {
  const { db } = wizards;
  const wizard = new ClientWizard(wizards, 'twoFactorChange', async ({ run }) => (await outcomeOf(wizards, run)) ?? []);

  const begin = (call: Call<'client'>, facts: Record<string, string>, keep: object = {}) =>
    wizard.open(call, { facts, keep: { ...keep, ip: call.ip } });

  return [
    procedure('GET /my/2fa', {
      ...common,
      summary: 'My second factors',
      query: z.object(pageQuery),
      answer: listOf(SecondFactor).extend({
        recoveryCodesLeft: z
          .int()
          .nullable()
          .meta({ description: 'Codes that do once for a lost second factor. null: none were given.' }),
      }),
      handle: async ({ actor, query }) => ({
        ...pageOf(factorViews(await factorsOf(db, actor.id)), query),
        recoveryCodesLeft: await recoveryCodesLeft(db, actor.id),
      }),
    }),

    procedure('GET /my/2fa/recovery-codes/wizard', {
      ...opening,
      summary: 'Begin to get new recovery codes',
      description:
        'Asks for the code of the strongest second factor that was on before this sign-in began, else for one by e-mail; then the codes of before do no more.',
      handle: async (call) => {
        if ((await factorsOf(db, call.actor.id)).length === 0)
          throw problem(403, 'restricted', 'Switch a second factor on first.');
        return begin(call, { change: 'codes' });
      },
    }),

    procedure('GET /my/2fa/{type}', {
      ...common,
      summary: 'One of my second factors',
      params: factorParam,
      answer: SecondFactor,
      errors: [404],
      handle: async ({ actor, params }) => factorView(factorNamed(params.type), await factorsOf(db, actor.id)),
    }),

    procedure('GET /my/2fa/{type}/enable/wizard', {
      ...opening,
      summary: 'Begin to switch a second factor on',
      description:
        'Where another one is on, its code is asked for first; one by e-mail where that came after this sign-in began. An app is given its key and QR code; SMS go to the phone on record, else one is asked for.',
      params: factorParam,
      handle: async (call) => {
        const type = factorNamed(call.params.type);
        const on = await factorsOf(db, call.actor.id);
        if (on.includes(type)) throw alreadyDone(type, 'on');
        const newPhone = type === 'sms' ? await phoneOf(wizards, call.actor.id) : null;
        return begin(
          call,
          {
            change: 'enable',
            type,
            phone: newPhone === null ? 'none' : 'known',
            ...(on.length === 0 && { factor: 'none' }),
          },
          {
            ...(newPhone !== null && { newPhone }),
            ...(type === 'google' && { totpSecret: newTotpSecret().toString('base64') }),
          },
        );
      },
    }),

    procedure('GET /my/2fa/{type}/disable/wizard', {
      ...opening,
      summary: 'Begin to switch a second factor off',
      description: 'Asks for a code of that factor; a recovery code does as well.',
      params: factorParam,
      handle: async (call) => {
        const type = factorNamed(call.params.type);
        if (!(await factorsOf(db, call.actor.id)).includes(type)) throw alreadyDone(type, 'off');
        return begin(call, { change: 'disable', type, factor: type });
      },
    }),

    procedure('POST /my/2fa/wizard', {
      ...common,
      summary: 'Go on with switching a second factor on or off',
      description:
        'The last answer has `data.recoveryCodes` where codes were given: ten that are shown this once. `resend`: another code.',
      answer: Answer,
      limit: perActor('120/m'),
      errors: [403, 404, 409],
      body: z.strictObject({
        uuid: z.uuid('must be a UUID'),
        code: givenCode,
        phone: text(40).optional(),
        resend: z.literal(true).optional().meta({ description: 'Send another code.' }),
      }),
      handle: (call) => {
        const { uuid, resend, ...body } = call.body;
        return wizard.take(call, STEPS, uuid, body, resend);
      },
    }),
  ];
};

/** Codes go to the default phone once it is confirmed; null: one is asked for. */
const phoneOf = async ({ db }: WizardHub, clientId: number): Promise<string | null> => {
  const [main] = await phonesOf(db, clientId);
  return main?.confirmed ? main.number : null;
};

const alreadyDone = (type: Factor, state: string) =>
  problem(409, 'already_done', `${FACTOR_CAPTIONS[type]} is ${state} already.`, 'type');
