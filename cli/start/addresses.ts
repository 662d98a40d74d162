import type { Settings } from '../../config/settings.ts';
import type { FirstOperator } from '../first-operator.ts';

/** Where the API of this machine answers, whatever PUBLIC_URL says about the outside. */
export function localApi(settings: Settings): string {
  const everywhere = settings.host === '0.0.0.0' || settings.host === '::';
  return `http://${everywhere ? '127.0.0.1' : settings.host}:${settings.port}`;
}

/** The table `npm start` ends with. */
export function addressTable(settings: Settings, operator: FirstOperator): string {
  const rows = [
    ['API', settings.publicUrl],
    ['API docs', `${settings.publicUrl}/docs`],
    ['Temporal UI', settings.temporalUiUrl],
    ['Sandboxes', settings.sandboxUrl],
    ['Operator', `${operator.email}  ${passwordWords(settings, operator)}`],
  ] as const;
  return [
    '',
    'Brokerhub is ready.',
    '',
    ...rows.map(([name, where]) => `  ${name.padEnd(12)} ${where}`),
    '',
    '  Ctrl-C stops everything; the state stays.',
    '',
  ].join('\n');
}

function passwordWords(settings: Settings, operator: FirstOperator): string {
  if (operator.shownOnce !== undefined) return `password ${operator.shownOnce} (shown this once)`;
  return operator.created && settings.adminPassword !== undefined
    ? 'password as in ADMIN_PASSWORD'
    : 'password as it was set before';
}
