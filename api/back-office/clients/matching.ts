import { z } from 'zod';
import { ClientType, Country } from '../../../db/entities/clients.ts';
import { problem } from '../../kit/errors.ts';
import type { Writing } from '../../kit/resource.ts';
import { id } from '../../kit/shapes.ts';

const ids = () =>
  z
    .array(id())
    .max(300)
    .transform((all) => [...new Set(all)])
    .default([]);

/** Which clients something is for. */
export const whichClients = () => ({
  countryIds: ids(),
  clientTypeIds: ids().meta({ description: 'Empty: of any type.' }),
});

/** Throws 400 for a country or type that is not there. */
export const assertKnown = async (
  { countryIds = [], clientTypeIds = [] }: { countryIds?: number[] | undefined; clientTypeIds?: number[] | undefined },
  { em }: Writing,
): Promise<void> => {
  if ((await em.count(Country, { countryId: { $in: countryIds } })) < countryIds.length)
    throw problem(400, 'not_found', 'There is no such country.', 'countryIds');
  if ((await em.count(ClientType, { id: { $in: clientTypeIds } })) < clientTypeIds.length)
    throw problem(400, 'not_found', 'There is no such client type.', 'clientTypeIds');
};
