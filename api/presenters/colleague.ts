/** A Back Office user as one who must not see personal data sees him: which, but not who. */
export const maskColleague = <U extends { id: number; name: string }>(user: U): U => ({ ...user, name: '*' });
