import type { CallbackFacts } from '../../adapters/kit/conformance.ts';
import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { Category } from '../../adapters/kit/manifest.ts';
import type { ProviderNews, RawWebhook, Verdict } from '../../adapters/kit/webhooks.ts';
import { isHubFailure } from '../../domain/failures.ts';
import { brief, type Bench } from './bench.ts';
import { doesNotApply, must, type Case } from './case.ts';

/** Something the provider tells us about by a callback. */
export interface Told<C extends Category> {
  /** 'a deposit' */
  what: string;
  kind: ProviderNews['kind'];
  applies(bench: Bench<C>): void;
  /** Makes it happen; the callback names one of these. */
  happen(bench: Bench<C>, ctx: AdapterContext): Promise<{ reference: string; providerId: string }>;
  /** The provider may tell nothing of it: then the case does not apply. */
  mayBeSilent?: boolean;
}

const A_MINUTE = 60_000;

const GARBAGE = [
  '',
  '{',
  '[]',
  'null',
  '"text"',
  '{}',
  '{"data":null}',
  'a=b&c',
  '<xml/>',
  '\u0000\u0001\u0002',
  '{"a":'.repeat(2000),
];

/** Callbacks are verified over their raw bytes, deduplicated by key, and never believed. */
export const callbackCases = <C extends Category>({ what, kind, applies, happen, mayBeSilent }: Told<C>): Case<C>[] => {
  const listen = async (bench: Bench<C>) => {
    applies(bench);
    void bench.webhook;
    void bench.control;
    const ctx = await bench.signedIn();
    const tell = async () => {
      const already = bench.heard.length;
      const thing = await happen(bench, ctx);
      const heard = await bench.callbacks(already);
      if (heard.length === 0 && mayBeSilent) doesNotApply(`the sandbox sends no callback about ${what}`);
      must(
        heard.length > 0,
        `the sandbox sent no callback about ${what} to ctx.callbackUrl, which the adapter has to pass on to the vendor`,
      );
      return { thing, heard };
    };
    return { ctx, tell };
  };
  const verify = (bench: Bench<C>, raw: RawWebhook) => bench.webhook.verify(bench.reception(), raw);
  const isAbout = (bench: Bench<C>, raw: RawWebhook, { reference, providerId }: { reference: string; providerId: string }) =>
    bench.webhook.translate(bench.reception().config, raw).some(
      (news) => news.kind === kind && (news.reference === reference || news.providerId === providerId),
    ); // prettier-ignore

  return [
    {
      name: `a callback about ${what} is verified and leads to it`,
      async run(bench) {
        const { tell } = await listen(bench);
        const { thing, heard } = await tell();
        for (const raw of heard) accepted(verify(bench, raw), 'an honest callback');
        must(
          heard.some((raw) => isAbout(bench, raw, thing)),
          `translate says ${brief(heard.map((raw) => bench.webhook.translate(bench.reception().config, raw)))}, none of kind '${kind}' with reference ${thing.reference} or providerId ${thing.providerId}`,
        );
      },
    },
    {
      name: `a copy of a callback about ${what} has the same dedupe key, another event another`,
      async run(bench) {
        const { tell } = await listen(bench);
        bench.control.setCallbacks('duplicate');
        const { heard } = await tell();
        const keys = heard.map((raw) => accepted(verify(bench, raw), 'a copy').dedupeKey);
        must(new Set(keys).size * 2 === keys.length, `every callback came twice, and the keys are ${brief(keys)}`);
        bench.control.setCallbacks('normal');
        const other = (await tell()).heard.map((raw) => accepted(verify(bench, raw), 'another event').dedupeKey);
        must(!other.some((key) => keys.includes(key)), `two events share a key: ${brief([keys, other])}`);
      },
    },
    {
      name: `a forged callback about ${what} is refused as bad_signature`,
      async run(bench) {
        const { tell } = await listen(bench);
        if (!proof(bench).signed) doesNotApply('the vendor signs nothing: callbacks are hints only (trust none)');
        const honest = accepted(verify(bench, (await tell()).heard.at(-1)!), 'an honest callback');
        must(honest.trust !== 'none', `the vendor signs its callbacks, and verify says ${brief(honest)}`);
        bench.control.setCallbacks('bad_signature');
        for (const raw of (await tell()).heard) {
          const verdict = verify(bench, raw);
          if (verdict.ok && verdict.trust === 'none') continue;
          must(
            !verdict.ok && verdict.reason === 'bad_signature',
            `a forged callback is ${brief(verdict)}, and must be bad_signature`,
          );
        }
      },
    },
    {
      name: `a stale callback about ${what} is refused where the signature covers a time`,
      async run(bench) {
        const { tell } = await listen(bench);
        bench.control.setCallbacks('stale');
        const verdicts = (await tell()).heard.map((raw) => verify(bench, raw));
        if (proof(bench).goodForMs === null) {
          for (const verdict of verdicts)
            accepted(verdict, 'an old callback, which the vendor may send again after days,');
          doesNotApply('the scheme has no age limit: old callbacks are taken, and lead to a new look only');
        }
        for (const verdict of verdicts)
          must(!verdict.ok && verdict.reason === 'stale', `an old callback is ${brief(verdict)}, and must be stale`);
      },
    },
    {
      name: `a callback about ${what} is taken for as long as the vendor says, by the clock that is lent`,
      async run(bench) {
        const { tell } = await listen(bench);
        const { goodForMs } = proof(bench);
        if (goodForMs === null) return doesNotApply('the scheme has no age limit');
        const { heard } = await tell();
        const at = bench.reception();
        const later = (raw: RawWebhook, ms: number) => bench.webhook.verify({ ...at, now: at.now + ms }, raw);
        for (const raw of heard) {
          accepted(later(raw, goodForMs - A_MINUTE), 'a callback a minute before it is too old');
          const verdict = later(raw, goodForMs + A_MINUTE);
          must(
            !verdict.ok && verdict.reason === 'stale',
            `a minute after its time it is ${brief(verdict)}, and must be stale`,
          );
        }
      },
    },
    {
      name: `a callback about ${what} that was given a newer time is refused`,
      async run(bench) {
        const { tell } = await listen(bench);
        const { goodForMs } = proof(bench);
        if (goodForMs === null) return doesNotApply('the scheme has no age limit');
        const at = bench.reception();
        const laterMs = goodForMs + 60 * A_MINUTE;
        for (const { headers, body } of (await tell()).heard) {
          accepted(verify(bench, { headers, body }), 'an honest callback');
          const newer = Object.fromEntries(
            Object.entries(headers).map(([name, value]) => [
              name,
              typeof value === 'string' ? redated(value, at.now, laterMs) : value,
            ]),
          );
          if (brief(newer) === brief(headers)) doesNotApply('the time is in the body, all of which is signed');
          const verdict = bench.webhook.verify({ ...at, now: at.now + laterMs }, { headers: newer, body });
          must(
            !verdict.ok,
            `an old callback under a new time is taken: ${brief(verdict)}; the signature has to cover the time`,
          );
        }
      },
    },
    {
      name: `a callback about ${what} whose signed bytes were changed is refused`,
      async run(bench) {
        const { tell } = await listen(bench);
        for (const { headers, body } of (await tell()).heard) {
          const honest = accepted(verify(bench, { headers, body }), 'an honest callback');
          if (honest.trust !== 'signed') doesNotApply('the signature covers some of what it says, not its bytes');
          // Where JSON is read first and written anew it makes no difference.
          const verdict = verify(bench, { headers, body: Buffer.concat([body, Buffer.from(' ')]) });
          must(!verdict.ok, `verify says that all of it is signed, and takes it with one more blank at its end`);
        }
      },
    },
    {
      name: `garbage instead of a callback about ${what} is refused and throws nothing but InvalidInput`,
      async run(bench) {
        const { tell } = await listen(bench);
        const { headers, body } = (await tell()).heard.at(-1)!;
        for (const text of [...GARBAGE, body.subarray(0, body.length / 2).toString('latin1')]) {
          const raw = { headers, body: Buffer.from(text, 'latin1') };
          for (const one of [raw, { ...raw, headers: {} }]) {
            const verdict = quietly(() => verify(bench, one), `verify threw on ${brief(text.slice(0, 40))}`);
            must(!verdict.ok, `garbage (${brief(text.slice(0, 40))}) is accepted: ${brief(verdict)}`);
          }
          try {
            bench.webhook.translate(bench.reception().config, raw);
          } catch (error) {
            must(
              isHubFailure(error) && error.type === 'InvalidInput',
              `translate threw ${String(error)} on garbage, and must throw InvalidInput or answer []`,
            );
          }
        }
      },
    },
    {
      name: `the answer to a callback about ${what} stops the vendor, a rejection does not`,
      async run(bench) {
        const { tell } = await listen(bench);
        await tell();
        const states = () => bench.control.callbacks().map(({ state }) => state);
        must(
          states().every((state) => state === 'delivered'),
          `the vendor does not take reply('accepted') as an answer: callbacks are ${brief(states())}`,
        );
        bench.verdict = 'rejected';
        const before = bench.control.callbacks().length;
        await tell();
        const refused = states().slice(before);
        must(
          refused.every((state) => state !== 'delivered'),
          `the vendor takes reply('rejected') as an answer: callbacks are ${brief(refused)}`,
        );
      },
    },
  ];
};

/** Times near `now`, in seconds or milliseconds, moved on. */
const redated = (text: string, now: number, byMs: number): string =>
  text.replace(/\b\d{10}(\d{3})?\b/g, (time, ms?: string) => {
    const unit = ms === undefined ? 1000 : 1;
    return Math.abs(Number(time) * unit - now) < A_MINUTE ? String(Number(time) + byMs / unit) : time;
  });

const proof = <C extends Category>(bench: Bench<C>): CallbackFacts =>
  bench.fact(
    'callbacks',
    'say how the vendor proves what it tells, e.g. { signed: true, goodForMs: null }, or goodForMs: 300_000 where its document says to refuse older ones',
  );

const accepted = (verdict: Verdict, what: string): Verdict & { ok: true } => {
  must(verdict.ok, `${what} is refused: ${brief(verdict)}`);
  must(verdict.dedupeKey !== '', `${what} has an empty dedupe key`);
  return verdict;
};

const quietly = <T>(act: () => T, complaint: string): T => {
  try {
    return act();
  } catch (error) {
    must(false, `${complaint}: ${String(error)}`);
  }
};
