import { describe, expect, it } from '@jest/globals';
import provider from '../../adapters/kyc/documents/manifest.ts';
import type { KycApplicant } from '../../adapters/kit/kyc.ts';
import { lend } from '../kit/adapter-call.ts';

const { begin, find } = provider.adapter;
const ctx = lend(provider, {});
const applicant: KycApplicant = {
  reference: 'KAAAAAAAAAAAA',
  kind: 'company',
  programme: 'documents',
  locale: 'en_US',
  person: {},
};

describe('documents checked by us', () => {
  it('are uploaded in our own form, by persons and companies', async () => {
    const start = { providerId: 'KAAAAAAAAAAAA', action: { kind: 'documents' } };
    expect(await begin(ctx, applicant)).toEqual(start);
    expect(await begin(ctx, { ...applicant, kind: 'individual' })).toEqual(start);
  });

  it('are being checked until a person decides: looking never brings a verdict', async () => {
    expect(await find(ctx, { reference: 'KAAAAAAAAAAAA' })).toMatchObject({ state: 'checking', attempt: 0 });
  });

  it('need no settings, and take none by mistake', () => {
    expect(provider.config.safeParse({}).success).toBe(true);
    expect(provider.config.safeParse({ secretKey: 'x' }).success).toBe(false);
  });
});
