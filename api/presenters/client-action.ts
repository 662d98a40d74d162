import { z } from 'zod';
import type { DepositAction } from '../../adapters/kit/payments.ts';
import { escapeHtml } from '../../domain/html.ts';
import { isFinal, type Stage } from '../../domain/stages.ts';

/** What the client himself has still to do about a movement of his. */
export const ClientAction = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('redirect'), url: z.string() }),
    z.object({ kind: z.literal('form'), url: z.string(), fields: z.record(z.string(), z.string()) }),
    z.object({ kind: z.literal('instruction'), html: z.string() }),
  ])
  .meta({ id: 'ClientAction' });

export type ClientActionView = z.infer<typeof ClientAction>;

export interface Asked {
  type: string;
  stage: Stage;
  reference: string;
  /** As the provider told it. */
  action: DepositAction | null;
  /** Of a method that is paid by hand: HTML of the broker's. */
  instruction: string | null;
  /** Money that came without being asked for, or that an operator entered: nobody is told to pay it. */
  isHereAlready: boolean;
}

/** Undefined when nothing is left to do: whoever paid then would pay for nothing. */
export const clientActionOf = (movement: Asked): ClientActionView | undefined => {
  const { type, stage, reference, action, instruction, isHereAlready } = movement;
  if (type === 'deposit' ? isFinal(stage) : stage !== 'awaiting_client') return undefined;
  if (action?.kind === 'redirect' || action?.kind === 'form') return action;
  if (action?.kind === 'instruction') return { kind: 'instruction', html: paragraphs(action.text) };
  if (type !== 'deposit' || instruction === null || isHereAlready) return undefined;
  // Without the reference nobody could tell whose money arrived.
  return { kind: 'instruction', html: `${instruction}<p>Reference: <b>${reference}</b></p>` };
};

/** Plain text of a provider, or of a connection's settings, as HTML. */
const paragraphs = (text: string): string =>
  text
    .split(/\n{2,}/)
    .map((part) => `<p>${escapeHtml(part).replaceAll('\n', '<br>')}</p>`)
    .join('');
