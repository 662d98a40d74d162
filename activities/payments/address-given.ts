import type { DepositReport } from '../../adapters/kit/payments.ts';
import { HubFailure } from '../../domain/failures.ts';
import { sameCurrency } from '../kit/answer.ts';

/** What the provider gave. Not secret and not personal: it is meant to be shown. */
export interface AddressGiven {
  providerId: string;
  address: string;
  tag: string | null;
}

/** Money sent to an address of another currency is lost: then nobody may be shown it. */
export const addressGiven = (report: DepositReport, currency: number): AddressGiven => {
  sameCurrency(currency, report.currencyCode);
  if (report.action.kind !== 'address')
    throw new HubFailure('OutcomeUnknown', 'provider_garbage', 'the provider answered without an address');
  return { providerId: report.providerId, address: report.action.address, tag: report.action.tag ?? null };
};
