import { z } from 'zod';
import type { Queryable } from '../../../db/pool.ts';
import { assignJurisdiction, assignManager } from '../../../db/repositories/assignments.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { notePlace } from '../../../db/repositories/sign-in-places.ts';
import { saveAddress } from '../../../db/repositories/client-addresses.ts';
import { savePhone } from '../../../db/repositories/client-phones.ts';
import { HubFailure } from '../../../domain/failures.ts';
import { assertPhoneFree } from '../../clients/kinds/phone.ts';
import { queueMessage } from '../../messaging/queue-message.ts';
import { extrasOf } from '../extras.ts';
import { phoneTypeOf } from '../phone-numbers.ts';
import { defineStep } from '../step.ts';

const Settings = z.strictObject({
  /** The client's type where he has not chosen one: by country, else this one, else the default one. */
  typeByCountry: z
    .array(z.strictObject({ countryIds: z.array(z.int()).min(1).max(300), typeId: z.int() }))
    .max(50)
    .default([]),
  typeId: z.int().nullable().default(null),
});

interface Draft {
  email: string;
  passwordHash: string;
  /** The first is the one that a code was sent to, where one was. */
  phones?: string[];
  countryId?: number;
  address?: { state?: string; city?: string; address?: string; postcode?: string };
  typeId?: number;
  info?: { givenName?: string; familyName?: string; middleName?: string; birthday?: string };
  analytics?: { property: string; value: string }[];
}

/** Makes the client of all that was said. Once for each run. */
export const createClient = defineStep<z.output<typeof Settings>>({
  kind: 'create-client',
  types: ['registration'],
  settings: Settings,
  takes: ['email', 'password'],
  apply: async ({ db, ring, run, settings, draft, by, promised }) => {
    const made = await db.query<{ clientId: number }>(
      `select client_id as "clientId" from client where registration_run = $1`,
      [run.id],
    );
    if (made.rows[0]) return { clientId: made.rows[0].clientId };
    const said = (await draft()) as unknown as Draft;
    const { email, passwordHash, countryId, info = {}, analytics = [] } = said;
    const typeId = said.typeId ?? (await typeFor(db, settings, countryId));
    const { rows } = await db.query<{ clientId: number }>(
      `insert into client (email, first_name, middle_name, last_name, birthday, country_id, locale, type_id, verification_level_id,
              password_hash, analytics, extra, registration_run)
       values ($1, $2, $3, $4, $5, $6, $7, $8, (select id from verification_level order by is_default desc, index limit 1), $9, $10, $11, $12)
       on conflict do nothing returning client_id as "clientId"`,
      [
        email,
        info.givenName ?? '',
        info.middleName ?? '',
        info.familyName ?? '',
        info.birthday ?? null,
        countryId ?? null,
        run.locale,
        typeId,
        passwordHash,
        JSON.stringify(analytics),
        JSON.stringify(extrasOf(said)),
        run.id,
      ],
    );
    // Somebody else has registered with this address while this run was under way.
    if (!rows[0])
      throw new HubFailure('Rejected', 'already_exists', 'The email has already been taken.', { field: 'email' });
    const { clientId } = rows[0];
    if (run.addressMark) await notePlace(db, `client:${clientId}`, run.addressMark);
    await keepContacts(db, clientId, said, run.facts['phoneConfirmed'] === true);
    await assignManager(db, clientId);
    await assignJurisdiction(db, clientId);
    await recordAudit(db, {
      actor: `client:${clientId}`,
      action: 'clients.register',
      object: `client:${clientId}`,
      after: { typeId, countryId: countryId ?? null, wizardId: run.definitionId, version: run.version },
      ...by,
    });
    promised.push(
      ...(await queueMessage(db, ring, {
        to: { clientId },
        template: 'registerDone',
        key: `registerDone:${clientId}`,
      })),
    );
    return { clientId };
  },
});

const keepContacts = async (
  db: Queryable,
  clientId: number,
  { phones = [], address, countryId }: Draft,
  confirmed: boolean,
): Promise<void> => {
  // In one order, for the numbers of two who register at once are held until both are there.
  for (const number of phones.toSorted())
    await assertPhoneFree(db, number, clientId, `phones.${phones.indexOf(number)}.phone`);
  for (const [at, number] of phones.entries())
    await savePhone(db, clientId, { number, type: phoneTypeOf(number), confirmed: confirmed && at === 0 });
  // A country alone says where a client is from, not where he lives.
  if (address)
    await saveAddress(db, clientId, {
      ...{ type: 'residential', countryId: countryId ?? null, state: null, city: null, address: null, postcode: null },
      ...address,
    });
};

const typeFor = async (
  db: Queryable,
  { typeByCountry, typeId }: z.output<typeof Settings>,
  countryId: number | undefined,
): Promise<number> => {
  const chosen =
    typeByCountry.find(({ countryIds }) => countryId !== undefined && countryIds.includes(countryId))?.typeId ?? typeId;
  const { rows } = await db.query<{ id: number }>(
    `select id from client_type where enabled order by id = $1 desc nulls last, is_default desc, id limit 1`,
    [chosen],
  );
  if (!rows[0]) throw new HubFailure('Rejected', 'restricted', 'Nobody can register now.');
  return rows[0].id;
};
