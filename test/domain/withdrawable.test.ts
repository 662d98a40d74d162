import { describe, expect, it } from '@jest/globals';
import { withdrawable } from '../../domain/withdrawable.ts';

const idle = { balance: '100', credit: '0', equity: '100', freeMargin: '100', profit: '0' };

describe('what may be taken out of a trading account', () => {
  it.each([
    ['all of it when nothing is open', idle, '100'],
    ['not the credit', { ...idle, credit: '50', equity: '150', freeMargin: '150' }, '100'],
    ['not the credit where equity does not contain it', { ...idle, credit: '50', freeMargin: '150' }, '100'],
    ['not what positions need', { ...idle, freeMargin: '40' }, '40'],
    [
      'his own though credit is all that positions need',
      { ...idle, credit: '70', equity: '170', freeMargin: '100' },
      '100',
    ],
    ['not what positions have lost', { ...idle, equity: '80', freeMargin: '60', profit: '-20' }, '60'],
    [
      'what positions have won, as far as the platform counts it',
      { ...idle, equity: '130', freeMargin: '120', profit: '30' },
      '120',
    ],
    ['nothing of less than nothing', { ...idle, balance: '-5', equity: '-5', freeMargin: '-5' }, '0'],
    [
      'nothing where only credit is left',
      { ...idle, balance: '-20', credit: '50', equity: '30', freeMargin: '30' },
      '0',
    ],
  ])('is %s', (_what, state, amount) => {
    expect(withdrawable(state)).toBe(amount);
  });
});
