import { z } from 'zod';
import { assertNothingWaits } from '../../activities/wizards/wanted-change.ts';
import { brokerSetting } from '../../db/repositories/broker-settings.ts';
import { addressesOf } from '../../db/repositories/client-addresses.ts';
import { changeOfRun } from '../../db/repositories/client-changes.ts';
import { phonesOf } from '../../db/repositories/client-phones.ts';
import type { ApiDeps } from '../deps.ts';
import { listOf, pageOf, pageQuery } from '../kit/list.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { MyAddress, myAddressViews, MyPhone, myPhoneView } from '../presenters/my-contacts.ts';
import { MyProfile, myProfileView } from '../presenters/my-profile.ts';
import { wizardAnswer } from './answer-shapes.ts';
import { ClientWizard } from './client-wizard.ts';
import { disabled } from './refusals.ts';
import type { Opening, Reached, WizardHub } from './wizard-hub.ts';

const Send = z
  .object({
    uuid: z.uuid('must be a UUID'),
    resend: z.literal(true).optional().meta({ description: 'At a code: send another one.' }),
  })
  .catchall(z.unknown());

const common = { tags: ['My profile'] as [string], access: 'client' as const };

const request = z
  .object({ requestId: z.int(), type: z.string(), status: z.enum(['pending', 'approved', 'rejected', 'inProgress']) })
  .nullable()
  .optional()
  .meta({ description: 'What waits for the broker (GET /my/requests/{requestId}); null or absent: it is done.' });
/** `data` of the last answer. */
const OUTCOMES = {
  clientTypeChange: { request, profile: MyProfile.optional() },
  profileChange: { request, profile: MyProfile.optional() },
  phoneChange: { request, phone: MyPhone.optional() },
  addressChange: { request, address: MyAddress.optional() },
  profileDeactivation: { request },
};

interface Walk {
  type: keyof typeof OUTCOMES;
  /** Where it is opened, and where its steps are sent. */
  open: `/${string}`;
  send: `/${string}`;
  what: string;
  description: string;
  /** What is found out before the first step. */
  opening?: (clientId: number) => Promise<Opening>;
}

/** What clients change about themselves: each a procedure in steps, opened by one method and sent its steps by another. */
export const clientChangeProcedures = (wizards: WizardHub, { access }: ApiDeps): Procedure[] => {
  const { db } = wizards;

  const walk = ({ type, open, send, what, description, opening }: Walk): Procedure[] => {
    const wizard = new ClientWizard(wizards, type, (reached) => outcomeOf(wizards, reached));
    const answer = wizardAnswer(`${type[0]!.toUpperCase()}${type.slice(1)}Answer`, [type], {
      outcome: z.object(OUTCOMES[type]),
    });
    return [
      procedure(`GET ${open}`, {
        ...common,
        answer,
        summary: `Begin: ${what}`,
        description,
        limit: perActor('30/m'),
        errors: [403, 409],
        handle: async (call) => wizard.open(call, await opening?.(call.actor.id)),
      }),
      procedure(`POST ${send}`, {
        ...common,
        answer,
        summary: `The next step: ${what}`,
        description:
          'Which one it is says `workflow` of the answer before. The last answer has the request that waits for the broker, or what was changed.',
        limit: perActor('60/m'),
        errors: [403, 404, 409],
        body: Send,
        handle: async (call) => {
          const { uuid, resend, ...body } = call.body;
          const taken = await wizard.take(call, null, uuid, body, resend);
          if (type === 'profileDeactivation' && taken.code === 202) access.forgetActor(call.actor);
          return taken;
        },
      }),
    ];
  };

  return [
    ...walk({
      type: 'clientTypeChange',
      open: '/my/clients/types/wizard',
      send: '/my/clients/types',
      what: 'another client type',
      description: 'Answers the types to choose from.',
    }),
    ...walk({
      type: 'profileChange',
      open: '/my/profile/wizard',
      send: '/my/profile/wizard',
      what: 'other names, another birthday or e-mail',
      description: 'Send `info`, or `email`. A new e-mail takes a code from the old address, then one from the new.',
    }),
    ...walk({
      type: 'phoneChange',
      open: '/my/phones/wizard',
      send: '/my/phones',
      what: 'another phone',
      description: 'The number is confirmed by a code that is sent there.',
    }),
    ...walk({
      type: 'addressChange',
      open: '/my/addresses/wizard',
      send: '/my/addresses',
      what: 'an address',
      description: 'A new one, or with `addressId` another text of one.',
    }),
    procedure('GET /my/addresses', {
      summary: 'The addresses of the client',
      tags: ['My profile'],
      access: 'client',
      query: z.object(pageQuery),
      answer: listOf(MyAddress),
      handle: async ({ actor, query }) => pageOf(await myAddressViews(db, await addressesOf(db, actor.id)), query),
    }),
    ...walk({
      type: 'profileDeactivation',
      open: '/my/profile/deactivation',
      send: '/my/profile/deactivation',
      what: 'to delete the profile',
      description: 'Sends a code at once. Not while there is money on an account, or on its way.',
      opening: async (clientId) => {
        if (!(await brokerSetting(db, 'clients.deleteData'))) throw disabled();
        await assertNothingWaits(db, clientId, 'deactivation');
        return {};
      },
    }),
  ];
};

const REQUEST_STATUS: Record<number, string> = { 0: 'pending', 1: 'approved', 2: 'rejected', 3: 'inProgress' };

/** What the last step left: the request that waits, or what was changed. */
const outcomeOf = async ({ db }: WizardHub, { run }: Reached): Promise<unknown> => {
  const { clientId, kind, madeId, request } = (await changeOfRun(db, run.id))!;
  if (request) {
    const { requestId, type, statusId } = request;
    return { request: { requestId, type, status: REQUEST_STATUS[statusId] } };
  }
  switch (kind) {
    case 'phone':
      return { phone: (await phonesOf(db, clientId)).filter(({ id }) => id === madeId).map(myPhoneView)[0] };
    case 'address': {
      const made = (await addressesOf(db, clientId)).filter(({ id }) => id === madeId);
      return { address: (await myAddressViews(db, made))[0] };
    }
    case 'deactivation':
      return { request: null };
    default:
      return { request: null, profile: await myProfileView(db, clientId) };
  }
};
