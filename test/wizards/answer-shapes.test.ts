/** What /openapi.json says about the answers of wizards: enough to build an app by. Answers are read by the same schemas. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { stepModule } from '../../activities/wizards/steps.ts';
import { additions } from '../../api/additions.ts';
import { DEFAULT_WIZARDS } from '../../db/seed/wizards.ts';
import { type TestApi, startTestApi, unreachableTemporal } from '../kit/api-client.ts';
import { openApiOf } from '../kit/openapi.ts';

let api: TestApi;
let document: any;
let resolved: (schema: any) => any;

beforeAll(async () => {
  api = await startTestApi({ temporal: unreachableTemporal(), additions });
  ({ document, resolved } = await openApiOf(api));
});
afterAll(() => api.stop());

const variantsOf = (schema: any): any[] => {
  const { anyOf, oneOf, ...one } = resolved(schema);
  return anyOf || oneOf ? (anyOf ?? oneOf).flatMap(variantsOf) : [one];
};

/** Each way the methods of wizards may be answered, by what `workflow` says in it. */
const answers = (): { method: string; data: any; code: number; workflows: string[] }[] =>
  Object.entries<any>(document.paths).flatMap(([path, methods]) =>
    Object.entries<any>(methods).flatMap(([method, { responses }]) => {
      const schema = responses['200']?.content?.['application/json']?.schema;
      if (!path.startsWith('/api/v2/my/') || /deposit|verification/.test(path) || !schema) return [];
      return variantsOf(schema).flatMap(({ properties = {} }) => {
        const { workflow, data, code } = properties;
        const workflows = workflow && (workflow.enum ?? [workflow.const]);
        return workflows ? [{ method: `${method} ${path}`, data, code: code.const, workflows }] : [];
      });
    }),
  );

const describedIn = (schema: any): string | undefined => schema.description ?? resolved(schema).description;

it('they say of each step what is asked, and what is sent next', () => {
  const steps = answers().filter(({ code }) => code === 200);
  expect(new Set(steps.map(({ method }) => method)).size).toBeGreaterThan(25);
  const silent = steps.filter(({ data, workflows }) => !describedIn(data) && !workflows.includes('withdrawal_form'));
  expect(silent.map(({ method, workflows }) => [method, ...workflows])).toEqual([]);
});

it('they leave nothing open: whatever is answered is named', () => {
  const open = answers().filter(({ data }) =>
    variantsOf(data).some(
      ({ type, additionalProperties, items }) =>
        (type === 'object' && additionalProperties !== false) || (type === 'array' && items === undefined),
    ),
  );
  expect(open.map(({ method, workflows }) => [method, ...workflows])).toEqual([]);
});

it('they know every step of the wizards a hub begins with', () => {
  const known = new Set(answers().flatMap(({ workflows }) => workflows));
  const challenged = ['passwordRecovery', 'passwordChange'];
  const asked = DEFAULT_WIZARDS.filter(({ type }) => !challenged.includes(type)).flatMap(({ steps }) =>
    steps.flatMap(({ kind, settings }) => stepModule(kind).workflow?.(stepModule(kind).settings.parse(settings)) ?? []),
  );
  expect(asked.length).toBeGreaterThan(30);
  expect(asked.filter((workflow) => !known.has(workflow))).toEqual([]);
});

it('each member of what a code step answers has its meaning and unit', () => {
  const { properties } = document.components.schemas.CodeAsked;
  const { confirmationChannel, ...others } = properties;
  expect(confirmationChannel.enum).toEqual(['email', 'sms']);
  for (const [name, schema] of Object.entries<any>(others)) expect([name, schema.description]).not.toContain(undefined);
  expect(Object.keys(others).sort()).toEqual(['attemptsLeft', 'codeLength', 'expiresAt', 'recipient', 'resendAfter']);
  expect(variantsOf(others.expiresAt)[0]).toMatchObject({ type: 'string', format: 'date-time' });
});
