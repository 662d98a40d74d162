import type { WizardRun } from '../../db/repositories/wizards.ts';
import { HubFailure, isHubFailure } from '../../domain/failures.ts';
import { Problem } from '../kit/errors.ts';

export const gone = () =>
  new HubFailure('NotFound', 'wizard_not_found', 'The session has expired. Start again.', { field: 'uuid' });

/** Who hears that a payout has expired would order it once more. */
export const over = ({ state }: Pick<WizardRun, 'state'>) =>
  state === 'done'
    ? new HubFailure('NotFound', 'wizard_not_found', 'This is finished already.', { field: 'uuid' })
    : gone();

export const disabled = () => new HubFailure('Rejected', 'wizard_disabled', 'This action is not available now.');

export const wrongStep = (workflow: string) =>
  new Problem(409, [{ field: 'uuid', reason: 'wrong_step', issue: 'This step is not available now.' }], {}, workflow);

/** What a method answers in which a run is called something else than `uuid`. */
export const calling =
  (field: string) =>
  (error: unknown): never => {
    if (isHubFailure(error) && error.facts.field === 'uuid')
      throw new HubFailure(error.type, error.reason, error.message, { ...error.facts, field });
    if (error instanceof Problem && error.details[0]?.field === 'uuid')
      throw new Problem(error.status, [{ ...error.details[0], field }], error.headers, error.workflow);
    throw error;
  };
