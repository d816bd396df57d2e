import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Rule {
  values: readonly string[];
  /** May be used with `import type` only. */
  types?: readonly string[];
  /** May be used with `import()` only. */
  lazy?: readonly string[];
}

/** Which part of src/ may use which. The house's table, and worker-rpc and process-rpc: the one way to talk to a worker. */
const MAY_USE: Readonly<Record<string, Rule>> = {
  errors: { values: [] },
  model: { values: [] },
  domain: { values: ['errors'] },
  config: { values: ['errors'] },
  log: { values: ['errors'] },
  metrics: { values: ['errors'] },
  reloading: { values: [] },
  csv: { values: ['errors'] },
  'worker-rpc': { values: ['errors'] },
  'process-rpc': { values: ['errors', 'worker-rpc'] },
  protocol: { values: ['errors', 'model'] },
  keys: { values: ['errors', 'protocol'] },
  vectors: { values: ['errors', 'domain', 'worker-rpc'] },
  vision: { values: ['errors', 'domain', 'worker-rpc', 'process-rpc'] },
  objects: { values: ['errors'] },
  store: { values: ['errors', 'worker-rpc'], types: ['domain'] },
  operations: {
    values: ['errors', 'model', 'domain'],
    types: ['store', 'vectors', 'vision', 'objects', 'metrics'],
  },
  thresholds: {
    values: ['errors', 'csv', 'domain', 'vectors', 'vision'],
    types: ['store'],
  },
  moving: {
    values: ['errors', 'csv', 'domain'],
    types: ['store', 'vision', 'objects'],
    lazy: ['vision'],
  },
  http: { values: ['errors', 'protocol', 'metrics', 'log', 'console'], types: ['operations'] },
  // Its commands load what they need by import() only.
  cli: {
    values: ['errors', 'csv', 'model', 'protocol'],
    types: ['thresholds'],
    lazy: ['main', 'thresholds', 'vision', 'moving', 'objects', 'cli', 'config', 'keys', 'store'],
  },
  service: {
    values: [
      'errors',
      'model',
      'domain',
      'config',
      'log',
      'metrics',
      'reloading',
      'protocol',
      'keys',
      'vectors',
      'objects',
      'store',
      'operations',
      'http',
    ],
    types: ['vision'],
  },
  // What it loads at once is what starts the inference processes; the rest comes while these load their nets.
  main: {
    values: ['errors', 'config', 'log', 'vision'],
    lazy: ['service', 'vision', 'vectors'],
  },
};

const src = resolve(import.meta.dirname, '../src');
const partOf = (file: string): string => relative(src, file).replace(/(\/.*|\.[jt]s)$/, '');
const USE = /^(?:import|export) (type )?[^;]*?from '(\.[^']+)'|import\('(\.[^']+)'\)/gms;

interface Use {
  from: string;
  to: string;
  how: 'value' | 'type' | 'lazy';
}

/** Every import of one source file, as parts. */
function usesOf(file: string, text: string): Use[] {
  return [...text.matchAll(USE)].map(([, type, path, lazy]) => ({
    from: partOf(file),
    to: partOf(resolve(dirname(file), path ?? lazy ?? '')),
    how: lazy ? 'lazy' : type ? 'type' : 'value',
  }));
}

function allowed({ from, to, how }: Use): boolean {
  const rule = MAY_USE[from];
  if (!rule || from === to) return from === to;
  return (
    rule.values.includes(to) ||
    (how === 'type' && (rule.types ?? []).includes(to)) ||
    (how === 'lazy' && (rule.lazy ?? []).includes(to))
  );
}

describe('architecture', () => {
  it('has imports that point the way the house says', () => {
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(src, name));
    const wrong = files.flatMap((file) =>
      usesOf(file, readFileSync(file, 'utf8'))
        .filter((use) => !allowed(use))
        .map(({ from, to, how }) => `${relative(src, file)}: ${from} must not use ${to} (${how})`),
    );
    expect(files.length).toBeGreaterThan(50);
    expect(wrong).toEqual([]);
  });

  it('installs no package for users that nothing names', () => {
    const root = resolve(src, '..');
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const texts = ['src', 'native', 'models']
      .flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
          join(root, folder, name),
        ),
      )
      .filter((file) => /\.(?:ts|mjs|gyp|json)$/.test(file) && !file.includes('/build/'))
      .map((file) => readFileSync(file, 'utf8'));
    const unused = Object.keys(dependencies).filter(
      (name) => !texts.some((text) => text.includes(name)),
    );
    expect(unused).toEqual([]);
  });

  it.each([
    ["import { x } from '../store/store.js';", 'value'],
    ["export { x } from '../store/store.js';", 'value'],
    ["import type { X } from '../store/store.js';", 'type'],
    ["const x = await import('../store/store.js');", 'lazy'],
    ["import {\n  x,\n  y,\n} from '../store/store.js';", 'value'],
  ])('sees the import in %j', (text, how) => {
    expect(usesOf(join(src, 'domain/x.ts'), text)).toEqual([{ from: 'domain', to: 'store', how }]);
    expect(usesOf(join(src, 'domain/x.ts'), text).every(allowed)).toBe(false);
  });
});
