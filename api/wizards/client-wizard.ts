import { guardOf } from '../../activities/wizards/guard.ts';
import type { Facts, WizardType } from '../../domain/wizards/grammar.ts';
import type { Call } from '../kit/procedure.ts';
import { callerOf } from './caller.ts';
import { END } from './waiting.ts';
import type { Opening, Reached, WizardAnswer, WizardHub } from './wizard-hub.ts';

type ByClient = Pick<Call<'client'>, 'ip' | 'req' | 'actor'>;

/** Facts every procedure of a signed-in client begins with: who he is, and which code guards what he changes. */
export const factsOf = async (
  { db }: WizardHub,
  type: WizardType,
  { id: clientId, family }: ByClient['actor'],
): Promise<Facts> => ({ clientId, ...(await guardOf(db, type, { clientId, family })) });

/** A procedure that a signed-in client walks: opened by one method, sent its steps by others, his alone. */
export class ClientWizard {
  private readonly wizards: WizardHub;
  private readonly type: WizardType;
  private readonly outcome: (reached: Reached) => Promise<unknown>;

  /** `outcome`: `data` of the last answer, read from what the last step left, for it is asked again when an answer is lost. */
  constructor(wizards: WizardHub, type: WizardType, outcome: (reached: Reached) => Promise<unknown>) {
    this.wizards = wizards;
    this.type = type;
    this.outcome = outcome;
  }

  /** By the default definition. Throws `wizard_disabled`. `done`: the spec's answer says that only the opening was meant. */
  async open(call: ByClient, opening: Opening = {}, done = false) {
    const { wizards, type } = this;
    const { id } = call.actor;
    const chosen = await wizards.defaultDefinition(type);
    const facts = { ...(await factsOf(wizards, type, call.actor)), ...opening.facts };
    const reached = await wizards.open(type, chosen, callerOf(call), { ...opening, facts, clientId: id });
    return this.answer(reached, call, done);
  }

  /** One step; `steps` names those the method is for, null: all. With `resend` the code goes out again. */
  async take(
    call: ByClient,
    steps: readonly string[] | null,
    uuid: string,
    body: Record<string, unknown>,
    resend = false,
  ) {
    const { wizards, type } = this;
    const meant = { type, ...(steps && { steps }) };
    const caller = callerOf(call);
    const reached = resend
      ? await wizards.sendAgain(uuid, meant, caller)
      : await wizards.submit(uuid, meant, caller, body);
    return this.answer(reached, call);
  }

  private async answer(reached: Reached, call: ByClient, done = false): Promise<WizardAnswer> {
    const { run, step } = reached;
    if (step) return this.wizards.ask(run, step, callerOf(call), done);
    return { code: 202, data: await this.outcome(reached), done: true, uuid: run.uuid, workflow: END };
  }
}

/** The steps of the code that guards a procedure. */
export const CONFIRM_STEPS = ['google', 'sms', 'email'] as const;
