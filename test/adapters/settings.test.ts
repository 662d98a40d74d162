import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { address, carrySecrets, MASK, mapSecrets, secret, unknownSettings } from '../../adapters/kit/config.ts';
import { settingsForm } from '../../adapters/kit/settings-form.ts';

const config = z.object({
  host: z.string().meta({ address: true }),
  baseUrl: address().optional(),
  token: secret(),
  old: secret().optional(),
  nested: z.object({ key: secret(), name: z.string() }).optional(),
  desks: z.array(z.object({ pin: secret() })).default([]),
  byName: z.record(z.string(), secret()).default({}),
  mode: z.enum(['live', 'test']).default('live'),
});
const stored = {
  host: 'a',
  token: 'one',
  old: 'two',
  nested: { key: 'three', name: 'n' },
  desks: [{ pin: 'four' }, { pin: 'five' }],
  byName: { x: 'six' },
};

describe('secrets', () => {
  it('come back from their masks wherever they stand', () => {
    const shown = mapSecrets(config, stored, () => MASK);
    expect(JSON.stringify(shown)).not.toMatch(/one|two|three|four|five|six/);
    expect(carrySecrets(config, shown, stored)).toMatchObject({ settings: stored, moved: [] });
  });

  it('stay when they are left out, but not with an object or a place in a list that is left out', () => {
    expect(carrySecrets(config, { host: 'a' }, stored).settings).toEqual({
      host: 'a',
      token: 'one',
      old: 'two',
    });
    expect(carrySecrets(config, { host: 'a', nested: { name: 'm' }, desks: [{ pin: MASK }] }, stored).settings).toEqual(
      {
        host: 'a',
        token: 'one',
        old: 'two',
        nested: { name: 'm', key: 'three' },
        desks: [{ pin: 'four' }],
      },
    );
  });

  it('go when null is sent, and a mask over nothing is nothing', () => {
    expect(carrySecrets(config, { host: 'a', token: 'new', old: null }, stored)).toEqual({
      settings: { host: 'a', token: 'new' },
      kept: [],
      moved: [],
    });
    expect(carrySecrets(config, { host: 'a', token: MASK }, {}).settings).toEqual({ host: 'a' });
  });

  it('are told apart from an address that moves', () => {
    expect(carrySecrets(config, { host: 'b', token: MASK }, stored)).toMatchObject({
      kept: ['token', 'old'],
      moved: ['host'],
    });
    expect(carrySecrets(config, { host: 'a', baseUrl: 'https://x.example' }, stored).moved).toEqual(['baseUrl']);
  });
});

describe('a settings form', () => {
  it('shows what to fill in and no secret default', () => {
    expect(
      settingsForm(config).map(({ name, type, isRequired, isSecret }) => [name, type, isRequired, isSecret]),
    ).toEqual([
      ['host', 'string', true, false],
      ['baseUrl', 'url', false, false],
      ['token', 'password', true, true],
      ['old', 'password', false, true],
      ['nested', 'json', false, false],
      ['desks', 'json', false, false],
      ['byName', 'json', false, false],
      ['mode', 'select', false, false],
    ]);
    expect(unknownSettings(config, { host: 'a', hots: 'b' })).toEqual(['hots']);
  });
});
