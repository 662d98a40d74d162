import { DOMParser, onErrorStopParsing, type Element } from '@xmldom/xmldom';
import { isAmount, isPositive, normal } from '../../../domain/money.ts';
import { failureOf, garbage, lookFailure, type Asked } from '../../kit/answers.ts';
import type { AdapterContext } from '../../kit/context.ts';
import type { Quote, RatesAdapter } from '../../kit/rates.ts';

interface EcbConfig {
  baseUrl: string;
}

const PATH = '/stats/eurofxref/eurofxref-daily.xml';
const ASKED: Asked = { provider: 'ECB', what: `GET ${PATH}`, effect: 'read' };

/** The reference rates of the day: what one euro costs in each other currency. One price, so bid and ask are the same. */
export const adapter: RatesAdapter<EcbConfig> = {
  // All of them come in one answer, and whoever crosses through the euro needs two.
  quotes: (ctx) => daily(ctx),

  async testConnection(ctx) {
    await daily(ctx);
  },
};

const daily = async (ctx: AdapterContext<EcbConfig>): Promise<Quote[]> => {
  const answer = await ctx.http({ method: 'GET', url: ctx.config.baseUrl + PATH, effect: 'read' });
  if (answer.status !== 200) throw lookFailure(failureOf(ctx, answer, ASKED, null));
  const { date, rates } = read(answer.body);
  // Published about 16:00 Central European Time; the file names the day only.
  const sourceTime = Math.min(Date.parse(`${date}T15:00:00Z`), ctx.now());
  return rates.map(({ to, rate }) => ({ from: 'EUR', to, bid: rate, ask: rate, sourceTime }));
};

/** `gesmes:Envelope > Cube > Cube@time > Cube@currency@rate`. One that cannot be read spoils all: half a list would pass for a whole one. */
const read = (xml: string): { date: string; rates: { to: string; rate: string }[] } => {
  const [day, ...others] = cubes(xml).filter((cube) => cube.hasAttribute('time'));
  const date = day?.getAttribute('time') ?? '';
  if (!day || others.length > 0 || !/^\d{4}-\d\d-\d\d$/.test(date) || Number.isNaN(Date.parse(date)))
    throw garbage(ASKED);
  const rates = [...day.getElementsByTagName('Cube')].map((cube) => {
    const to = cube.getAttribute('currency') ?? '';
    const rate = cube.getAttribute('rate') ?? '';
    if (!/^[A-Z]{3}$/.test(to) || !isAmount(rate) || !isPositive(rate)) throw garbage(ASKED);
    return { to, rate: normal(rate) };
  });
  if (rates.length === 0) throw garbage(ASKED);
  return { date, rates };
};

const cubes = (xml: string): Element[] => {
  try {
    return [
      ...new DOMParser({ onError: onErrorStopParsing }).parseFromString(xml, 'text/xml').getElementsByTagName('Cube'),
    ];
  } catch {
    throw garbage(ASKED);
  }
};
