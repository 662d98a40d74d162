/** What a client asks to have changed about himself, by kind. */
export interface WantedChanges {
  clientType: { typeId: number; extra?: Record<string, unknown> };
  /** `birthday`: YYYY-MM-DD. Only what changes. */
  profile: { firstName?: string; middleName?: string; lastName?: string; birthday?: string };
  email: { email: string };
  /** E.164 */
  phone: { phone: string };
  /** Without `addressId` a new one. */
  address: {
    addressId?: number;
    type: 'residential' | 'billing' | 'mailing';
    countryId: number;
    state: string | null;
    city: string | null;
    address: string;
    postcode: string | null;
  };
  deactivation: Record<string, never>;
}
export type ChangeKind = keyof WantedChanges;

/** waiting: a person decides; rejected: he said no; refused: it could not be done any more. */
export type ClientChangeState = 'waiting' | 'done' | 'rejected' | 'refused';

export interface AboutKind {
  /** B2Core's type of the request. */
  request: string;
  /** Of the broker: whether a person must allow it. */
  setting: string;
  /** For people, after "your". */
  words: string;
}

export const ABOUT_KIND = {
  clientType: { request: 'clientType', setting: 'clients.requestForClientType', words: 'type of profile' },
  profile: { request: 'profile', setting: 'clients.requestForProfile', words: 'personal data' },
  email: { request: 'profile', setting: 'clients.requestForEmail', words: 'e-mail address' },
  phone: { request: 'profile', setting: 'clients.requestForPhone', words: 'phone number' },
  address: { request: 'address', setting: 'clients.requestForAddress', words: 'address' },
  deactivation: { request: 'deleteAccount', setting: 'clients.requestForDeletion', words: 'profile' },
} as const satisfies Record<ChangeKind, AboutKind>;
