import { randomInt } from 'node:crypto';

const CLASSES = ['abcdefghijkmnpqrstuvwxyz', 'ABCDEFGHJKLMNPQRSTUVWXYZ', '23456789', '!#$%*+-=?@'];

/** Twelve characters of all four classes: what the strictest platform asks for. */
export const newPassword = (): string => {
  const pick = (from: string) => from[randomInt(from.length)]!;
  const characters = [...CLASSES.map(pick), ...Array.from({ length: 8 }, () => pick(CLASSES.join('')))];
  for (let i = characters.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [characters[i], characters[j]] = [characters[j]!, characters[i]!];
  }
  return characters.join('');
};
