import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Worker threads and child processes run the compiled service, so it is compiled first.
    globalSetup: ['test/build.ts', 'test/support/shared-service.ts'],
    reporters: process.env['CI']
      ? ['default', ['json', { outputFile: 'node_modules/.likeness-tests.json' }]]
      : ['default'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two at a time: most files start a real service with its own inference workers.
    maxWorkers: 2,
  },
});
