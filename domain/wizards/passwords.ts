/** What is wrong with a new password; null: nothing. Of what people choose length counts most, so the most is high. */
export const passwordFault = (password: string): string | null => {
  if (password.length < 8) return 'must have at least 8 characters';
  if (password.length > 128) return 'must have at most 128 characters';
  if (!/\p{Ll}/u.test(password)) return 'must have a lower-case letter';
  if (!/\p{Lu}/u.test(password)) return 'must have an upper-case letter';
  if (!/\p{Nd}/u.test(password)) return 'must have a digit';
  return null;
};
