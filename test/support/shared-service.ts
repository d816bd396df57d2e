import type { TestProject } from 'vitest/node';
import { freshService } from './service.js';

declare module 'vitest' {
  interface ProvidedContext {
    endpoint: string;
  }
}

/**
 * One service for all API tests. With ENDPOINT_URL they are aimed at a running one instead, which must
 * accept the test's keys.
 */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const elsewhere = process.env['ENDPOINT_URL'];
  if (elsewhere !== undefined && elsewhere !== '') {
    project.provide('endpoint', elsewhere);
    return undefined;
  }
  const { service, close } = await freshService();
  project.provide('endpoint', service.endpoint);
  return close;
}
