/** Tests run as ES modules on SWC; one Temporal server and one PostgreSQL serve the whole run (test/kit/global-setup.ts). */
export default {
  rootDir: '.',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  testEnvironment: 'node',
  globalSetup: '<rootDir>/test/kit/global-setup.ts',
  globalTeardown: '<rootDir>/test/kit/global-teardown.ts',
  maxWorkers: 2,
  // Modules of files that are done stay in the process, and seventy files of them fill its four gigabytes: it makes room for a new one before.
  workerIdleMemoryLimit: '1.5GB',
  testTimeout: 60_000,
};
