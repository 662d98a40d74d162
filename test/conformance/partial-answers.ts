import type { WireCall } from '../../adapters/kit/conformance.ts';
import type { AdapterContext, HttpRequest } from '../../adapters/kit/context.ts';
import type { Category } from '../../adapters/kit/manifest.ts';
import { isHubFailure } from '../../domain/failures.ts';
import type { Bench } from './bench.ts';
import { doesNotApply, must } from './case.ts';
import type { Write } from './doubt.ts';

type Path = readonly string[];
type Spoil = (said: object) => object;

/** A success that tells nothing of what came of the order. */
const nothing: Spoil = () => ({ ok: true });

const without =
  (path: Path): Spoil =>
  (said) => {
    const spoilt = structuredClone(said) as Record<string, unknown>;
    const parent = path.slice(0, -1).reduce((at, name) => at[name] as Record<string, unknown>, spoilt);
    delete parent[path.at(-1)!];
    return spoilt;
  };

/** Every member, those of members too. Of a list the first stands for all. */
const membersOf = (said: unknown, at: Path = []): Path[] =>
  typeof said !== 'object' || said === null
    ? []
    : Object.entries(Array.isArray(said) ? said.slice(0, 1) : said).flatMap(([name, value]) => [
        [...at, name],
        ...membersOf(value, [...at, name]),
      ]);

/** The same context; `change` makes another answer of each success in JSON to the request that carries the verb out. */
const answering = (
  id: string,
  wire: WireCall,
  ctx: AdapterContext,
  change: (said: object) => object,
): AdapterContext => {
  const isIt = ({ method, url, body = '' }: HttpRequest) =>
    method === wire.method &&
    new URL(url).pathname.replace(`/${id}`, '').startsWith(wire.path) &&
    String(body).includes(wire.body ?? '');
  return {
    ...ctx,
    http: async (request) => {
      const answer = await ctx.http(request);
      if (!isIt(request) || answer.status >= 300) return answer;
      const said = parsed(answer.body);
      return said ? { ...answer, body: JSON.stringify(change(said)) } : answer;
    },
  };
};

const parsed = (body: string): object | null => {
  try {
    const said: unknown = JSON.parse(body);
    return typeof said === 'object' ? said : null;
  } catch {
    return null;
  }
};

/** What is missing from the answer to a write is missing after it: never "not sent", which is tried again, and never "no". */
export const whateverIsMissing = async <C extends Category, Order>(
  bench: Bench<C>,
  write: Write<C, Order>,
): Promise<void> => {
  write.applies(bench);
  const wire = bench.wire(write.verb);
  const ctx = await bench.signedIn();
  const send = async (change: Spoil) => {
    // So many orders are more than some vendors take in a moment.
    await bench.control.advanceClock('1m');
    const order = await write.order(bench, ctx);
    const failure = await write.send(bench, answering(bench.provider.id, wire, ctx, change), order).then(
      () => null,
      (error: unknown) => error,
    );
    return { order, failure };
  };
  const heard: object[] = [];
  await send((said) => {
    heard.push(said);
    return said;
  });
  if (heard.length === 0) doesNotApply('its answer is no JSON');
  const members = heard.flatMap((said) => membersOf(said));
  const allowed = write.harmless?.(bench) ? ['OutcomeUnknown', 'Unavailable'] : ['OutcomeUnknown'];
  for (const [what, spoil] of [
    ['anything', nothing] as const,
    ...members.map((path) => [`'${path.join('.')}'`, without(path)] as const),
  ]) {
    const { order, failure } = await send(spoil);
    must(
      failure === null || (isHubFailure(failure) && allowed.includes(failure.type)),
      `it took effect, its answer came without ${what}, and was taken for ${String(failure)}`,
    );
    const count = write.effects?.(bench, order) ?? 1;
    must(count === 1, `the provider's books hold ${count} of it, and must hold 1`);
  }
};
