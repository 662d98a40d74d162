import { createHash } from 'node:crypto';
import type { Request } from 'express';
import { z } from 'zod';
import type { WizardType } from '../../domain/wizards/grammar.ts';
import { isHubFailure } from '../../domain/failures.ts';
import { Problem, problem } from '../kit/errors.ts';
import { isoTime, time } from '../kit/shapes.ts';
import type { Reached, WizardHub } from './wizard-hub.ts';

const PURPOSE = 'wizard-success';
const SECONDS = 600;

export const Success = z
  .object({
    successToken: z.uuid().meta({ description: 'The header `successToken` of the one call that it is for.' }),
    expiresAt: time().meta({ description: 'Until when it does, ten minutes.' }),
  })
  .meta({ id: 'ChallengeSuccess' });

/** The proof that the codes of a run were given. Made from the run, so that the same code sent again has the same answer. */
export const giveSuccess = async ({ db, ring }: WizardHub, { run }: Reached) => {
  const hex = ring.marks(`token:${run.uuid}`, PURPOSE)[0].toString('hex');
  const successToken = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  const { rows } = await db.query<{ until: Date }>(
    `update wizard_run set success_mark = $2, success_until = coalesce(success_until, now() + make_interval(secs => $3)) where id = $1 returning success_until as until`,
    [run.id, hashOf(successToken), SECONDS],
  );
  return { successToken, expiresAt: isoTime(rows[0]!.until) };
};

/**
 * Does what the header `successToken` of a request opens, with the uuid of its run. 403 when there is none, it is of another type of procedure, has expired
 * or was used, or the run is somebody else's.
 */
export const withSuccess = async (
  { db }: WizardHub,
  req: Request,
  type: WizardType,
  work: (uuid: string) => Promise<unknown>,
): Promise<void> => {
  const token = req.headers['successtoken'];
  const { rows } = await db.query<{ uuid: string }>(
    `select uuid from wizard_run where success_mark = $1 and success_until > now() and type = $2`,
    [hashOf(String(token ?? '')), type],
  );
  if (!rows[0]) throw invalid();
  // Of two devices at once one is too late: whether its run is past the step or over already, its token has been used.
  await work(rows[0].uuid).catch((error: unknown) => {
    const isOver = isHubFailure(error) && error.reason === 'wizard_not_found';
    throw isOver || isWrongStep(error) ? invalid() : error;
  });
};

const isWrongStep = (error: unknown): boolean =>
  error instanceof Problem && error.details.some(({ reason }) => reason === 'wrong_step');

const hashOf = (token: string): Buffer => createHash('sha256').update(token.toLowerCase()).digest();

const invalid = () => problem(403, 'forbidden', 'Success token is invalid or expired');
