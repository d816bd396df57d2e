import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { CatalogueEntry, CatalogueFile } from '../../src/vision/own/catalogue.js';
import { FileServer } from './file-server.js';
import { type Ended, runModels } from './likeness.js';
import { SMALL_DIMENSION } from './small-models.js';

/** The files of the small graph, and what each is. */
export const GRAPH_FILES = {
  'model.json': 'topology',
  'shard1.bin': 'weights',
  'shard2.bin': 'weights',
} as const;

/** A folder of a test file's own and a server of files; both are gone after its last test. */
export interface Served {
  root: string;
  server: FileServer;
  /** A further folder, empty, and what it is called in `root`. */
  fresh: () => { place: string; id: string };
}

/** Starts a server of files beside a folder for what is pulled from it. */
export async function serveFiles(title: string): Promise<Served> {
  const root = mkdtempSync(join(tmpdir(), `likeness-${title}-`));
  const server = await FileServer.start();
  afterAll(async () => {
    await server.close();
    rmSync(root, { recursive: true });
  });
  let count = 0;
  const fresh = () => {
    const id = String(++count);
    const place = join(root, id);
    mkdirSync(place);
    return { place, id };
  };
  return { root, server, fresh };
}

/** What pins a content. */
export const pinOf = (content: Uint8Array): { bytes: number; sha256: string } => ({
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
});

/** A file of the small net as a catalogue pins it. */
export const catalogued = (path: string, content: Uint8Array): CatalogueFile => ({
  path,
  role: (GRAPH_FILES as Record<string, CatalogueFile['role']>)[path] ?? 'onnx',
  ...pinOf(content),
});

/** A catalogue of one small net, and the program over a models directory beside it. */
export interface SmallCatalogue {
  /** Its path. */
  catalogue: string;
  directory: string;
  pull: (...args: string[]) => Promise<Ended>;
  list: (...args: string[]) => Promise<Ended>;
}

/** Writes a catalogue that knows the small net as `small` and nothing else. */
export function writeCatalogue(
  place: string,
  entry: Pick<CatalogueEntry, 'files'> & Partial<CatalogueEntry>,
): SmallCatalogue {
  const model: CatalogueEntry = {
    name: 'small',
    title: 'A small net',
    family: 'arcface',
    format: 'tfjs-graph',
    origin: 'a test',
    licence: { weights: 'CC0-1.0', text: 'CC0-1.0: no rights are kept.' },
    mustAccept: false,
    dimension: SMALL_DIMENSION,
    evidence: 'counted here',
    ...entry,
  };
  const catalogue = join(place, 'catalogue.json');
  writeFileSync(catalogue, JSON.stringify({ models: [model] }));
  const directory = join(place, 'models');
  return {
    catalogue,
    directory,
    pull: (...args) => runModels(directory, 'pull', 'small', '--catalogue', catalogue, ...args),
    list: (...args) =>
      runModels(directory, 'list', '--available', '--catalogue', catalogue, ...args),
  };
}
