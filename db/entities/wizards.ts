import { type InferEntity, defineEntity, p } from '@mikro-orm/postgresql';
import type { Step, WizardType } from '../../domain/wizards/grammar.ts';
import { stamps } from './stamps.ts';

export const WizardDefinition = defineEntity({
  name: 'WizardDefinition',
  tableName: 'wizard_definition',
  properties: {
    id: p.integer().primary(),
    uuid: p.uuid().onCreate(() => crypto.randomUUID()),
    type: p.text().$type<WizardType>(),
    name: p.text(),
    description: p.text(),
    enabled: p.boolean(),
    isDefault: p.boolean(),
    version: p.integer().default(1),
    steps: p.json<Step[]>(),
    lifetimeSeconds: p.integer(),
    tries: p.integer(),
    ...stamps(),
  },
});
export type WizardDefinitionRow = InferEntity<typeof WizardDefinition>;

/** For lists; what a run holds is sealed elsewhere. */
export const WizardRun = defineEntity({
  name: 'WizardRun',
  tableName: 'wizard_run',
  properties: {
    id: p.integer().primary(),
    uuid: p.uuid(),
    type: p.text().$type<WizardType>(),
    definitionId: p.integer().nullable(),
    version: p.integer().nullable(),
    state: p.text().$type<'opening' | 'open' | 'done' | 'expired' | 'cancelled' | 'failed'>(),
    step: p.text().nullable(),
    clientId: p.integer().nullable(),
    since: p.datetime(),
    expiresAt: p.datetime(),
    ...stamps(),
  },
});
export type WizardRunRow = InferEntity<typeof WizardRun>;
