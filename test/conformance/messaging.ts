import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { DeliveryState, MessageReport, OutgoingMessage } from '../../adapters/kit/messaging.ts';
import { brief, type Bench as AnyBench } from './bench.ts';
import { callbackCases } from './callbacks.ts';
import { doesNotApply, must, type Case } from './case.ts';
import { connectionCases, keepsItsWord } from './connection.ts';
import { doubtCases } from './doubt.ts';
import { lookCases } from './looks.ts';
import { hasPersonalData } from './privacy.ts';

type Bench = AnyBench<'messaging'>;

const example = (bench: Bench) =>
  bench.fact(
    'messaging',
    "say who gets a message and who cannot, e.g. { channel: 'sms', to: '+35799000001', refused: '+35799000000' }",
  );

/** Every message has its own text, by which it is counted in the sandbox's `things()`. */
const message = (bench: Bench, change: Partial<OutgoingMessage> = {}): OutgoingMessage => {
  const { channel, to } = example(bench);
  const reference = bench.reference();
  return {
    reference,
    channel,
    to,
    text: `Your code is ${reference}`,
    ...(channel === 'email' && { subject: 'Your code', html: `<p>Your code is <b>${reference}</b></p>` }),
    ...change,
  };
};

/** How often the sandbox holds a message with this text. */
const sent = (bench: Bench, text: string): number => {
  const { things } = bench.control.vendor;
  if (!things)
    return bench.missing(
      'things',
      'no field of conformance but of the sandbox: list the messages there, each with its `text`',
    );
  return things.call(bench.control.vendor).filter((thing) => thing.text?.replaceAll('\r\n', '\n').includes(text))
    .length;
};

const canFind = (bench: Bench): void => {
  if (!bench.can('find')) doesNotApply('cannot be asked about a message');
};
const find = (bench: Bench, ctx: AdapterContext, { reference, to, text }: OutgoingMessage, providerId?: string) =>
  bench.adapter.find!(ctx, {
    reference,
    to,
    text,
    since: bench.now() - 60_000,
    ...(providerId !== undefined && { providerId }),
  });

const FATES: readonly (readonly [word: string, state: DeliveryState, said: string])[] = [
  ['deliver', 'delivered', 'one that arrived is delivered'],
  ['fail', 'failed', 'one that did not arrive is failed'],
  ['unknown_word', 'unknown', 'a word nobody documented is unknown, not failed'],
];

const own: Case<'messaging'>[] = [
  {
    name: 'send: the provider takes a message once, and says under which id',
    async run(bench) {
      void bench.control;
      const order = message(bench);
      const report = await bench.adapter.send(bench.ctx(), order);
      must(
        typeof report.providerId === 'string' && report.providerId !== '',
        `providerId is ${brief(report.providerId)}`,
      );
      must(
        report.state === 'accepted' || report.state === 'sent' || report.state === 'delivered',
        `a message that was taken is '${report.state}'`,
      );
      must(
        sent(bench, order.reference) === 1,
        `the sandbox holds ${sent(bench, order.reference)} messages with its text, and must hold 1`,
      );
    },
  },
  {
    name: 'send: letters of all alphabets, line breaks and signs arrive as they were written',
    async run(bench) {
      void bench.control;
      for (const sign of [
        'Здравствуйте, Ελένη',
        'first line\nsecond line',
        `"quotes" & <signs> = 100 % + 1`,
        '🎉 done',
      ]) {
        const text = `${bench.reference()} ${sign}`;
        await bench.adapter.send(bench.ctx(), message(bench, { text }));
        must(sent(bench, text) === 1, `${brief(text)} did not arrive as it was written`);
      }
    },
  },
  {
    name: 'send: a recipient the provider refuses is Rejected, and nobody gets it',
    async run(bench) {
      void bench.control;
      const order = message(bench, { to: example(bench).refused });
      await bench.fails('send', bench.adapter.send(bench.ctx(), order), 'Rejected');
      must(sent(bench, order.reference) === 0, 'it was refused and sent');
    },
  },
  {
    name: 'channels: those of the adapter are those of the manifest',
    async run(bench) {
      for (const channel of ['email', 'sms', 'chat'] as const)
        must(
          bench.can(channel) === bench.adapter.channels.includes(channel),
          `the manifest and adapter.channels disagree about '${channel}'`,
        );
    },
  },
  ...FATES.map(([word, state, said]): Case<'messaging'> => ({
    name: `find: ${said}`,
    async run(bench) {
      canFind(bench);
      const ctx = bench.ctx();
      const order = message(bench);
      const { providerId } = await bench.adapter.send(ctx, order);
      await bench.advance(providerId, word);
      const report = await find(bench, ctx, order, providerId);
      must(report?.state === state && report.providerId === providerId, `it must be ${state}, and is ${brief(report)}`);
    },
  })),
  {
    name: 'find: a message the provider never saw is null',
    async run(bench) {
      canFind(bench);
      const report = await find(bench, bench.ctx(), message(bench));
      must(report === null, `find invents ${brief(report)}`);
    },
  },
];

export const messagingCases: Case<'messaging'>[] = [
  ...connectionCases<'messaging'>(),
  keepsItsWord<'messaging'>([[['find'], ['find']]]),
  ...own,
  ...doubtCases<'messaging', OutgoingMessage>({
    verb: 'send',
    applies: (bench) => void bench.control,
    order: async (bench) => message(bench),
    send: (bench, ctx, order) => bench.adapter.send(ctx, order),
    find: async (bench, ctx, order): Promise<MessageReport | null> =>
      bench.can('find') ? find(bench, ctx, order) : doesNotApply('cannot be asked about a message'),
    effects: (bench, order) => sent(bench, order.reference),
  }),
  ...lookCases<'messaging'>({
    verb: 'find',
    applies: canFind,
    async prepare(bench, ctx) {
      const order = message(bench);
      const { providerId } = await bench.adapter.send(ctx, order);
      return (with_) => find(bench, with_, order, providerId);
    },
  }),
  ...callbackCases<'messaging'>({
    what: 'a message',
    kind: 'message',
    applies: (bench) => {
      if (!bench.can('webhook')) doesNotApply('sends no callbacks');
    },
    async happen(bench, ctx) {
      const order = message(bench);
      const { providerId } = await bench.adapter.send(ctx, order);
      await bench.advance(providerId, 'deliver');
      return { reference: order.reference, providerId };
    },
  }),
  hasPersonalData<'messaging'>({
    // The room of a chat is nobody's address.
    canaries: async (bench) => {
      const { channel, to, refused } = example(bench);
      return ['canary text', ...(channel === 'chat' ? [] : [to.replace(/^\+/, ''), refused.replace(/^\+/, '')])];
    },
    calls: async (bench) => [
      { verb: 'send', run: (ctx: AdapterContext) => bench.adapter.send(ctx, message(bench, { text: 'canary text' })) },
      {
        verb: 'send',
        run: (ctx: AdapterContext) => bench.adapter.send(ctx, message(bench, { to: example(bench).refused })),
      },
      ...(bench.can('find')
        ? [
            {
              verb: 'find' as const,
              run: async (ctx: AdapterContext) => {
                const order = message(bench, { text: 'canary text' });
                const { providerId } = await bench.adapter.send(bench.ctx(), order);
                return find(bench, ctx, order, providerId);
              },
            },
          ]
        : []),
    ],
  }),
];
