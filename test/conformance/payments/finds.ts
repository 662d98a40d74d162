import type { AdapterContext } from '../../../adapters/kit/context.ts';
import type { ProviderRef } from '../../../adapters/kit/payments.ts';
import { brief } from '../bench.ts';
import { doesNotApply, must, type Case } from '../case.ts';
import { findsByReference, type Bench } from './orders.ts';

/** Something that is ordered under our reference, and looked for by it after a lost answer. */
export interface Ordered<Ref extends ProviderRef> {
  verb: 'findDeposit' | 'findPayout' | 'findRefund';
  /** 'the deposit' */
  what: string;
  applies(bench: Bench): void;
  /** Orders one; answers how to look for it by our reference alone, and what the provider calls it. */
  order(bench: Bench, ctx: AdapterContext): Promise<{ ref: Ref; providerId: string }>;
  find(bench: Bench, ctx: AdapterContext, ref: Ref): Promise<{ providerId: string } | null>;
}

/** What is repeated when it is not found, and believed when it is, has to be found by its own reference and by no other. */
export const findsCases = <Ref extends ProviderRef>({
  verb,
  what,
  applies,
  order,
  find,
}: Ordered<Ref>): Case<'payments'>[] => {
  const ordered = async (bench: Bench) => {
    applies(bench);
    void bench.control;
    if (!findsByReference(bench)) doesNotApply('finds by its own id only');
    const ctx = bench.ctx();
    return { ctx, ...(await order(bench, ctx)) };
  };
  const later: Case<'payments'> = {
    name: `${verb}: our reference leads to ${what} two days later too`,
    async run(bench) {
      const { ref, providerId } = await ordered(bench);
      await bench.control.advanceClock('2d');
      const found = await find(bench, bench.ctx(), ref);
      must(
        found?.providerId === providerId,
        `it was ordered two days ago, and ${verb} is ${brief(found)}: what is forgotten was not "never there"`,
      );
    },
  };
  return [
    {
      name: `${verb}: our reference alone leads to ${what}`,
      async run(bench) {
        const { ctx, ref, providerId } = await ordered(bench);
        const found = await find(bench, ctx, ref);
        must(
          found?.providerId === providerId,
          `it was answered as ${providerId}, and ${verb} by reference is ${brief(found)}`,
        );
      },
    },
    // A page that nobody paid may be forgotten; what was paid out would be paid again.
    ...(verb === 'findDeposit' ? [] : [later]),
    {
      name: `${verb}: an answer about another reference is not taken for ours`,
      async run(bench) {
        const { ctx, ref } = await ordered(bench);
        const fault = bench.fault(verb, 'swap', { from: ref.reference, to: bench.reference(), times: 50 });
        const found = await find(bench, ctx, ref).catch(() => null);
        if (fault.hit === 0) doesNotApply('the answer does not tell whose it is');
        must(found === null, `the provider told of another reference, and ${verb} answers ${brief(found)}`);
      },
    },
    {
      name: `${verb}: a reference the provider never saw is null`,
      async run(bench) {
        applies(bench);
        const ctx = bench.ctx();
        const { ref } = await order(bench, ctx);
        const found = await find(bench, ctx, { ...ref, reference: bench.reference() });
        must(found === null, `${verb} invents ${brief(found)}`);
      },
    },
  ];
};
