import { Router } from 'express';
import type { SandboxDesk, SandboxModule } from '../../kit/sandbox.ts';

/** The ECB's list of a day in 2026, give or take. */
const RATES: Readonly<Record<string, string>> = {
  USD: '1.1542', JPY: '181.25', CZK: '24.155', DKK: '7.4694', GBP: '0.88063', HUF: '382.55', PLN: '4.2375', RON: '5.0893',
  SEK: '10.9880', CHF: '0.93128', ISK: '146.80', NOK: '11.7965', TRY: '48.9214', AUD: '1.7852', BRL: '6.1832', CAD: '1.6263',
  CNY: '8.2021', HKD: '8.9846', IDR: '19287.12', ILS: '3.7654', INR: '103.2780', KRW: '1702.14', MXN: '21.2563', MYR: '4.7795',
  NZD: '2.0601', PHP: '67.883', SGD: '1.5078', THB: '37.4950', ZAR: '20.0126',
}; // prettier-ignore
const PUBLISHED_AT_HOUR_UTC = 15;
const DAY_MS = 86_400_000;

/** The file of the last working day, published in the afternoon. `advance/USD {to: '1.2'}` changes a rate, `advance/publishing {to: 'stop'}` lets it grow old. */
export const createSandbox = (): SandboxModule => {
  let desk: SandboxDesk | undefined;
  let rates: Record<string, string> = { ...RATES };
  let stoppedAt: number | null = null;

  return {
    id: 'ecb',
    defaultConfig: (origin) => ({ baseUrl: `${origin}/ecb` }),
    mount: (lent) => {
      desk = lent;
      const router = Router();
      router.get('/stats/eurofxref/eurofxref-daily.xml', (_req, res) => {
        res.type('text/xml').send(fileOf(lastPublished(stoppedAt ?? lent.now()), rates));
      });
      return router;
    },
    reset: () => {
      rates = { ...RATES };
      stoppedAt = null;
    },
    advance: (id, to) => {
      if (id === 'publishing') stoppedAt = to === 'stop' ? (desk?.now() ?? Date.now()) : null;
      else if (rates[id] !== undefined) rates[id] = to;
      else throw new Error('neither a currency of theirs nor publishing');
      return { rates, stoppedAt };
    },
    books: () => [],
    things: () => [
      {
        id: 'publishing',
        kind: 'rates',
        title: `EUR/USD ${rates['USD']}`,
        state: stoppedAt === null ? 'published daily' : 'stopped',
        text: Object.entries(rates)
          .map(([currency, rate]) => `${currency} ${rate}`)
          .join('\n'),
        buttons: [stoppedAt === null ? { caption: 'Stop publishing', to: 'stop' } : { caption: 'Go on', to: 'go on' }],
      },
    ],
    conformance: {
      calls: {
        quotes: { method: 'GET', path: '/stats/eurofxref/eurofxref-daily.xml' },
        testConnection: { method: 'GET', path: '/stats/eurofxref/eurofxref-daily.xml' },
      },
      wrongCredentials: null,
      rates: { pair: { from: 'EUR', to: 'USD' } },
    },
  };
};

/** Weekends only: TARGET's holidays are not worth a calendar here. */
const lastPublished = (now: number): string => {
  let day = now - PUBLISHED_AT_HOUR_UTC * 3_600_000;
  while ([0, 6].includes(new Date(day).getUTCDay())) day -= DAY_MS;
  return new Date(day).toISOString().slice(0, 10);
};

const fileOf = (date: string, rates: Record<string, string>): string => `<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
	<gesmes:subject>Reference rates</gesmes:subject>
	<gesmes:Sender>
		<gesmes:name>European Central Bank</gesmes:name>
	</gesmes:Sender>
	<Cube>
		<Cube time='${date}'>
${Object.entries(rates)
  .map(([currency, rate]) => `			<Cube currency='${currency}' rate='${rate}'/>`)
  .join('\n')}
		</Cube>
	</Cube>
</gesmes:Envelope>
`;
