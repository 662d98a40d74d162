import { describe, expect, it } from '@jest/globals';
import type { AdapterContext } from '../../adapters/kit/context.ts';
import provider from '../../adapters/payments/constructor/manifest.ts';
import type { ConstructorConfig } from '../../adapters/payments/constructor/config.ts';
import { lend } from '../kit/adapter-call.ts';

const { createDeposit, createPayout } = provider.adapter as Required<typeof provider.adapter>;
const EUR = { numericCode: 978, alphabeticCode: 'EUR', minorUnit: 2 };
const settings = {
  instruction: 'Send {amount} {currency} to us. Memo: {reference}',
  depositFields: [
    { name: 'bank', label: 'Your bank', kind: 'choice', choices: ['Alpha', 'Beta'] },
    { name: 'sentOn', label: 'Sent on', kind: 'date', required: false },
  ],
  payoutFields: [
    { name: 'iban', label: 'IBAN', kind: 'iban' },
    { name: 'bic', label: 'BIC', kind: 'bic', required: false },
    { name: 'holder', label: 'Holder', maxLength: 10 },
    { name: 'email', label: 'E-mail', kind: 'email', required: false },
    { name: 'sortCode', label: 'Sort code', kind: 'digits', required: false },
  ],
};
const ctx = lend(provider, settings) as AdapterContext<ConstructorConfig>;
const deposit = (fields?: Record<string, string>) =>
  createDeposit(ctx, {
    reference: 'KAAAAAAAAAAAA',
    flow: 'invoice',
    amount: '50.00',
    currency: EUR,
    label: 'Client 7',
    ...(fields && { fields }),
  });
const IBAN = 'DE02 1203 0000 0000 2020 51';
const payout = (fields: Record<string, string>) =>
  createPayout(ctx, {
    reference: 'KBBBBBBBBBBBB',
    amount: '20.00',
    currency: EUR,
    label: 'Client 7',
    destination: { address: '', fields },
  });

describe('a form', () => {
  it('tells the payer what to do, with the reference that leads back to him', async () => {
    expect(await deposit({ bank: 'Alpha' })).toMatchObject({
      state: 'awaiting_payer',
      action: { kind: 'instruction', text: 'Send 50.00 EUR to us. Memo: KAAAAAAAAAAAA' },
      processed: null,
    });
  });

  it('takes a payout as paid outside once it is filled in', async () => {
    const given = { iban: IBAN, bic: 'BYLADEM1001', holder: 'Jane Doe', email: 'j@x.test', sortCode: '120300' };
    expect(await payout(given)).toMatchObject({ state: 'succeeded', processed: '20.00' });
    expect(await payout({ iban: IBAN, holder: 'Jane Doe', bic: ' ' })).toMatchObject({ state: 'succeeded' });
  });

  it.each([
    [undefined, 'fields.bank'],
    [{ bank: 'Gamma' }, 'fields.bank'],
    [{ bank: 'Alpha', sentOn: '2025-02-30' }, 'fields.sentOn'],
    [{ bank: 'Alpha', sentOn: '30.01.2025' }, 'fields.sentOn'],
    [{ bank: 'Alpha', other: 'x' }, 'fields.other'],
    [{ bank: 'Alpha', toString: 'x' }, 'fields.toString'],
  ])('of a deposit with %j is refused for %s', async (fields, field) => {
    const refused = deposit(fields as unknown as Record<string, string>);
    await expect(refused).rejects.toMatchObject({ type: 'InvalidInput', facts: { field } });
  });

  it.each([
    [{ holder: 'Jane Doe' }, 'iban'],
    [{ iban: 'DE03 1203 0000 0000 2020 51', holder: 'Jane Doe' }, 'iban'],
    [{ iban: IBAN, holder: 'Jane Doe the Third' }, 'holder'],
    [{ iban: IBAN, holder: 'Jane\nDoe' }, 'holder'],
    [{ iban: IBAN, holder: 'Jane', bic: 'BYLADEM' }, 'bic'],
    [{ iban: IBAN, holder: 'Jane', email: 'jane@' }, 'email'],
    [{ iban: IBAN, holder: 'Jane', sortCode: '12-03' }, 'sortCode'],
  ])('of a payout with %j is refused for %s, and what was typed is told nobody', async (fields, name) => {
    const failure = await payout(fields as Record<string, string>).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({ type: 'InvalidInput', facts: { field: `destination.fields.${name}` } });
    for (const typed of Object.values(fields)) expect((failure as Error).message).not.toContain(typed);
  });

  it.each([
    ['an instruction without the reference', { instruction: 'Send money' }, 'instruction'],
    ['a place nobody can fill in', { instruction: '{reference} {name}' }, 'instruction'],
    ['two fields of one name', { payoutFields: [settings.payoutFields[0], settings.payoutFields[0]] }, 'payoutFields'],
    [
      'a choice of nothing',
      { depositFields: [{ name: 'bank', label: 'Bank', kind: 'choice' }] },
      'depositFields.0.choices',
    ],
    [
      'choices for what is none',
      { depositFields: [{ name: 'bank', label: 'Bank', choices: ['A'] }] },
      'depositFields.0.choices',
    ],
    ['a name that is none', { depositFields: [{ name: '__proto__', label: 'Bank' }] }, 'depositFields.0.name'],
    [
      'a kind nobody knows',
      { depositFields: [{ name: 'bank', label: 'Bank', kind: 'colour' }] },
      'depositFields.0.kind',
    ],
  ])('with %s cannot be set up', (_what, change, path) => {
    const { error } = provider.config.safeParse({ ...settings, ...change });
    expect(error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
  });
});
