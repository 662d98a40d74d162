/** Tells what Jest wrote: every failure once more, then its count. `node .ci/tell.mjs {file}`; a file that cannot be read counts as one failure. */
import { readFileSync } from 'node:fs';

const read = () => {
  try {
    return JSON.parse(readFileSync(process.argv[2], 'utf8'));
  } catch (error) {
    console.log(`The results of the tests cannot be read: ${error.message}`);
    return { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 1, testResults: [] };
  }
};

const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults } = read();
const wrong = testResults.flatMap(({ name, message, assertionResults }) => {
  const file = name.replace(/^.*\/(?=test\/)/, '');
  const failed = assertionResults.filter(({ status }) => status === 'failed');
  const tests = failed.map(({ fullName, failureMessages }) => `${file}: ${fullName}\n${failureMessages.join('\n')}`);
  // What failed around the tests: a file that does not load, or cannot end.
  const at = failed.length === 0 ? 0 : message.indexOf('Test suite failed to run');
  return message && at >= 0 ? [...tests, `${file}\n${message.slice(at)}`] : tests;
});
for (const one of wrong.slice(0, 20)) console.log(`${one.slice(0, 1_500)}\n`);
// A test file that does not even load counts as one failure: Jest lists it as a suite without tests.
console.log(`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed`);
