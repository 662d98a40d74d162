import { CACHE, cached, firstThatWorks, onPath, type Say } from '../../cli/embedded/find-program.ts';
import { buildWithGo, type GoProgram } from '../../cli/embedded/go-program.ts';

/** Stripe's own checker of requests against its OpenAPI, in the version everything was tested with. */
const STRIPE_MOCK: GoProgram = {
  module: 'github.com/stripe/stripe-mock',
  folder: '',
  program: 'stripe-mock',
  version: '0.203.0',
  sum: 'h1:EzW7nb/fphqcAkgVRHAaC88OaAZo6SBWSl54cflDTio=',
  buildWithinMs: 180_000,
};

/** Finds or builds it. Throws where neither can be done. */
export const stripeMock = (say: Say): Promise<string> =>
  firstThatWorks(
    [
      ['stripe-mock on PATH', () => Promise.resolve(onPath(STRIPE_MOCK.program))],
      ['the cache', () => Promise.resolve(cached(STRIPE_MOCK))],
      ['go install', () => buildWithGo(STRIPE_MOCK, CACHE, say)],
    ],
    'stripe-mock was not found and could not be built: what it checks is not tested here.',
  );
