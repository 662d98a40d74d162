import type { z } from 'zod';
import type { ProfileChangeLine } from '../../../db/repositories/profile-changes.ts';
import type { Client } from '../../presenters/client.ts';

type View = z.infer<typeof Client>;

const SHOWN: Record<ProfileChangeLine['type'], (client: View) => string | null> = {
  email: ({ email }) => email,
  name: ({ name }) => name,
  birthday: ({ birthday }) => birthday?.slice(0, 10) ?? null,
  phone: ({ phone }) => phone,
  clientType: ({ type }) => type.name,
  address: () => null,
};

/** What an operator changed about a client, as lines of his history. */
export const historyOf = (before: View, after: View): ProfileChangeLine[] =>
  Object.entries(SHOWN).flatMap(([type, show]) => {
    const [from, to] = [show(before), show(after)];
    return from === to ? [] : [{ type: type as ProfileChangeLine['type'], from, to }];
  });
