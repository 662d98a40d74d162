import { z } from 'zod';
import type { Queryable } from '../../../db/pool.ts';
import { type ListableCurrency, listableCurrencies } from '../../../db/repositories/payout-addresses.ts';
import { HubFailure, WrongFields } from '../../../domain/failures.ts';
import { addressFault, addressKey, tagFault } from '../../../domain/payout-address.ts';
import { hasUnseen, UNSEEN_ISSUE } from '../../../domain/unseen.ts';
import { signedIn } from '../signed-in.ts';
import { defineStep } from '../step.ts';

const Sent = z.strictObject({
  currencyCode: z.int('must be a whole number'),
  walletAddress: z.string().trim().max(1_000),
  destinationTag: z.string().trim().max(1_000).nullable().optional(),
  caption: z
    .string()
    .trim()
    .max(100)
    .refine((given) => !hasUnseen(given), UNSEEN_ISSUE)
    .nullable()
    .optional(),
});

export interface AddressDraft {
  address: { currency: number; walletAddress: string; destinationTag: string | null; caption: string | null };
}

const Asks = z
  .object({
    currencies: z.array(
      z.object({
        alphabeticCode: z.string(),
        name: z.string(),
        numericCode: z.int(),
        minorUnit: z.int(),
        hasDestinationTagOrMemo: z.boolean(),
      }),
    ),
  })
  .meta({
    id: 'PayoutAddressAsked',
    description:
      'Send `{uuid, currencyCode, walletAddress}`, perhaps `destinationTag` and `caption`. `currencyCode`: a `numericCode`.',
  });

/** An address that payouts may go to. */
export const payoutAddressForm = defineStep<Record<string, never>, z.output<typeof Sent>>({
  kind: 'payout-address-form',
  types: ['whitelistCreation'],
  settings: z.strictObject({}),
  takes: ['client'],
  gives: () => ['address'],
  workflow: () => 'whitelist_form',
  replaceable: true,
  asks: Asks,
  form: async ({ db }): Promise<z.input<typeof Asks>> => ({ currencies: await listableCurrencies(db) }),
  sent: Sent,
  check: async (asked, { currencyCode, walletAddress, destinationTag, caption }) => {
    const currency = (await listableCurrencies(asked.db)).find(({ numericCode }) => numericCode === currencyCode);
    const address: AddressDraft['address'] = {
      ...{ currency: currencyCode, walletAddress },
      destinationTag: destinationTag || null,
      caption: caption || null,
    };
    assertRight(address, currency);
    await assertNew(asked.db, signedIn(asked).id, address);
    return { keep: { address } };
  },
});

const assertRight = (
  { walletAddress, destinationTag }: AddressDraft['address'],
  currency: ListableCurrency | undefined,
): void => {
  if (!currency)
    throw new WrongFields([
      { field: 'currencyCode', issue: 'currencyCode is not one that payouts to addresses have.' },
    ]);
  const faults = {
    walletAddress: addressFault(walletAddress),
    destinationTag: tagFault(destinationTag, currency.hasDestinationTagOrMemo),
  };
  const wrong = Object.entries(faults).flatMap(([field, fault]) =>
    fault ? [{ field, issue: `${field} ${fault}.` }] : [],
  );
  if (wrong.length > 0) throw new WrongFields(wrong);
};

/** Throws `already_exists` for an address that is listed, however it is spelled. */
export const assertNew = async (db: Queryable, clientId: number, address: AddressDraft['address']): Promise<void> => {
  const { rowCount } = await db.query(
    `select from payout_address where client_id = $1 and currency = $2 and address_key = $3 and coalesce(destination_tag, '') = $4`,
    [clientId, address.currency, addressKey(address.walletAddress), address.destinationTag ?? ''],
  );
  if (rowCount !== 0)
    throw new HubFailure('Rejected', 'already_exists', 'The address is already in the list.', {
      field: 'walletAddress',
    });
};
