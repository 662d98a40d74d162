import { loadSettings, type Settings } from '../config/settings.ts';
import { Ailment, examine, type Check, type Finding } from './doctor/check.ts';
import { connectionChecks } from './doctor/connections.ts';
import { machineChecks, nodeVersion, packages } from './doctor/machine.ts';
import { serviceChecks } from './doctor/services.ts';

/** `npm run doctor`: looks at each piece, says what is wrong and what to do. Exit code 1 when something is wrong. */
let settings: Settings | undefined;
const settingsAreRight: Check = {
  name: 'Settings',
  look: () => {
    try {
      settings = loadSettings();
      return `${settings.hubMode}, state in ${settings.hubStateDir}`;
    } catch (error) {
      throw new Ailment(
        error instanceof Error ? error.message : String(error),
        'Correct the environment; docs/settings.md has the table.',
      );
    }
  },
};

const findings: Finding[] = [];
for (const check of [nodeVersion, packages, settingsAreRight]) await report(check);
if (settings !== undefined) {
  for (const check of [...machineChecks(settings), ...serviceChecks(settings)]) await report(check);
  for (const check of await connectionChecks(settings)) await report(check);
}

const ill = findings.filter(({ well }) => !well);
process.stdout.write(
  ill.length === 0 ? '\nAll is well.\n' : `\n${ill.length} of ${findings.length} checks found something wrong.\n`,
);
process.exitCode = ill.length === 0 ? 0 : 1;

async function report(check: Check): Promise<void> {
  const finding = await examine(check);
  findings.push(finding);
  process.stdout.write(
    `${finding.well ? '✓' : '✗'} ${finding.name.padEnd(20)} ${finding.words.replaceAll('\n', `\n${' '.repeat(23)}`)}\n`,
  );
  if (finding.remedy !== undefined) process.stdout.write(`${' '.repeat(23)}→ ${finding.remedy}\n`);
}
