/** A day that there is, as YYYY-MM-DD: there is no 31st of February, and no year 0 either. */
export const isDay = (text: string): boolean => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text < '0001') return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  // The 30th of February becomes the 2nd of March.
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
};
