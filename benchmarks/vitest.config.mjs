import { defineConfig } from 'vitest/config';

/** `vitest bench` runs the compiled service: `npm run build` first. */
export default defineConfig({
  test: { benchmark: { include: ['benchmarks/*.bench.mjs'] } },
});
