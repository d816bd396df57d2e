import { expect, it } from 'vitest';
import { HNSW_SETTINGS, hnswGraphs } from '../../src/vectors/hnsw.js';
import { VectorIndex } from '../../src/vectors/vector-index.js';
import { people, Random } from './data.js';
import { native, pacer, settled, toolsOf } from './indexes.js';

/** Faces enrolled; `LIKENESS_RECALL=100000` is the long form. */
const FACES = Number(process.env['LIKENESS_RECALL'] ?? 8_000);
const DIMENSION = 128;
const FACES_EACH = 4;
const QUERIES = 500;
const THRESHOLDS = [0.6, 0.5, 0.4, 0.3];

it.skipIf(!native)(
  'all matches above a threshold are those of a scan, for at least 99.9 % of queries',
  { timeout: 1_200_000 },
  async () => {
    const shape = { people: FACES / FACES_EACH, each: FACES_EACH, dimension: DIMENSION };
    const crowd = people(shape, 1);
    const random = new Random(2);
    // Whatever it costs, the graph answers; with its settings as they are otherwise.
    const graphSettings = { ...HNSW_SETTINGS, maxShare: 1 };
    const graphs = hnswGraphs(native!, pacer);
    const index = new VectorIndex(DIMENSION, toolsOf(), { graphs, graphSettings, flatLimit: 0 });
    const scan = new VectorIndex(DIMENSION, toolsOf(), { graphs: undefined, flatLimit: 0 });
    for (const [person, { faces }] of crowd.entries())
      for (const [i, face] of faces.entries())
        for (const each of [index, scan]) each.set(`${person}/${i}`, face);
    await settled(index);
    const counts = { asked: 0, same: 0, matches: 0 };
    for (let i = 0; i < QUERIES; i++) {
      // Every fifth is a stranger.
      const known = crowd[(i * 37) % crowd.length]!.centre;
      const query = i % 5 === 0 ? random.direction(DIMENSION) : random.near(known, Math.sqrt(0.7));
      for (const minCosine of THRESHOLDS) {
        const wanted = { query, limit: 4096, minCosine };
        const [found, want] = await Promise.all([index.search(wanted), scan.search(wanted)]);
        counts.asked++;
        counts.matches += want.length;
        if (JSON.stringify(found) === JSON.stringify(want)) counts.same++;
      }
    }
    expect(counts.matches).toBeGreaterThan(3 * counts.asked);
    expect(counts.same / counts.asked).toBeGreaterThanOrEqual(0.999);
  },
);
