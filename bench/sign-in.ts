import { callOnce } from './http.ts';
import type { Stack } from './stack.ts';

const json = { 'content-type': 'application/json' };

/** Headers of the operator, signed in as people do. */
export const operatorHeaders = async (stack: Stack): Promise<Record<string, string>> => {
  const origin = await stack.api();
  const { adminEmail: email, adminPassword: password } = stack.settings;
  const body = JSON.stringify({ email, password });
  const answer = (await callOnce(origin, { method: 'POST', path: '/api/v2/signin', headers: json, body }, 200)) as {
    accessToken: { token: string };
  };
  return { ...json, authorization: `Bearer ${answer.accessToken.token}` };
};

/** Headers of a client, by the development route. */
export const clientHeaders = async (
  stack: Stack,
  operator: Record<string, string>,
  clientId: number,
): Promise<Record<string, string>> => {
  const origin = await stack.api();
  const body = JSON.stringify({ clientId });
  const path = '/api/v2/dev/client-token';
  const answer = (await callOnce(origin, { method: 'POST', path, headers: operator, body }, 201)) as {
    accessToken: { token: string };
  };
  return { ...json, authorization: `Bearer ${answer.accessToken.token}` };
};
