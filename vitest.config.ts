import { defineConfig } from 'vitest/config';

/** Tests that call one running service, or another given by ENDPOINT_URL. */
const SHARED = [
  'test/api/**/*.test.ts',
  'test/clients/**/*.test.ts',
  'test/cli/import.test.ts',
  'test/differences.test.ts',
];

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: SHARED,
          globalSetup: ['test/build.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'api',
          include: SHARED,
          globalSetup: ['test/build.ts', 'test/support/shared-service.ts'],
        },
      },
    ],
    reporters: process.env['CI']
      ? ['default', ['json', { outputFile: 'node_modules/.likeness-tests.json' }]]
      : ['default'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two at a time: most files start a real service with its own inference workers.
    maxWorkers: 2,
  },
});
