import type { ReadForm, Wrong } from './read-form.ts';
import type { Asked } from './step.ts';

/**
 * Nobody proves one address and registers another: what a code has shown to be his stays. Saving a definition refuses a form that could say another; of those
 * saved before it did, runs come here.
 */
export const otherThanConfirmed = async (
  { run: { facts }, draft }: Pick<Asked<unknown>, 'run' | 'draft'>,
  { values }: Pick<ReadForm, 'values'>,
): Promise<Wrong[]> => {
  const { email, phones } = values as { email?: string; phones?: { phone?: string }[] };
  const phone = phones?.flatMap((one) => one.phone ?? [])[0];
  const before = await draft();
  const isOther = (said: string | undefined, confirmed: unknown, kept: unknown) =>
    confirmed === true && said !== undefined && said !== kept;
  return [
    ...(isOther(email, facts['emailConfirmed'], before['email']) ? [wrong('email')] : []),
    ...(isOther(phone, facts['phoneConfirmed'], before['phone']) ? [wrong('phones.0.phone')] : []),
  ];
};

const wrong = (field: string): Wrong => ({ field, issue: `${field} must be the one that was confirmed.` });
