// Every benchmark of `npm run bench`: its script, its arguments in full and in short form, the file of its results and
// what of them is the answer. `value` reads a result file; where the file lacks it, the table shows a dash.

import { join } from 'node:path';

/** The labelled photos that some need. */
const FACES = join(import.meta.dirname, '../../shared/faces');

const at = (rows, wanted) =>
  rows?.find((row) => Object.entries(wanted).every(([key, value]) => row[key] === value));
const scoring = (result, dimension, variant) =>
  at(at(result.trials, { dimension })?.rows, { variant });
const MATCHER = 'matcher, one block';
const timesMatcher = (result, dimension, variant) =>
  scoring(result, dimension, variant)?.timesTheMatcher;
const scan = (result, dimension) => at(result.trials, { dimension })?.answer;
const client64 = (result) => at(result.rows, { server: 'service', clients: 64 });

/** Of our searches those of a service's usual number of candidates. */
const usual = (result) => at(result.search, { engine: 'likeness', ef: 160 });
/** The largest delay of the event loop among the rounds of one engine. */
const late = ({ loops }, wanted) =>
  loops &&
  Math.max(...loops.filter(({ engine }) => engine === wanted).map(({ p99LateMs }) => p99LateMs));
const graphBuild = ({ build }) => build && build['hnswlib-node'].cpuUs / build.likeness.cpuUs;

const median = (values) => values?.toSorted((a, b) => a - b)[values.length >> 1];

const times = (value) => `${value.toFixed(1)} ×`;
const percent = (value) => `${(value * 100).toFixed(0)} %`;
const milliseconds = (value) => `${value.toFixed(1)} ms`;

/**
 * In the order in which they run: short ones first. An answer with `least` has reached its target at that value or
 * above, one with `most` at that value or below, one with neither is only reported. What `needs` a file that is not
 * there is left out.
 */
export const BENCHMARKS = [
  {
    script: 'scoring.mjs',
    full: [],
    short: ['2'],
    result: 'scoring',
    question: '100 candidates against a centroid',
    answers: [
      {
        what: '512 dimensions, one pair',
        value: (result) => scoring(result, 512, MATCHER)?.nsPerPair,
        show: (value) => `${value.toFixed(0)} ns`,
        most: 45,
      },
      {
        what: '512 dimensions, beside simsimd',
        value: (result) => timesMatcher(result, 512, 'simsimd'),
        show: times,
        least: 3.5,
      },
      {
        what: '512 dimensions, beside a JavaScript loop',
        value: (result) => timesMatcher(result, 512, 'plain JavaScript loop'),
        show: times,
        least: 9,
      },
      {
        what: '512 dimensions, beside TensorFlow.js WASM',
        value: (result) => timesMatcher(result, 512, 'TensorFlow.js WASM matMul'),
        show: times,
      },
      {
        what: "512 dimensions, beside hnswlib-node's distance",
        value: (result) => timesMatcher(result, 512, 'hnswlib-node distance'),
        show: times,
      },
    ],
  },
  {
    script: 'scan.mjs',
    full: [],
    short: ['20000'],
    result: 'scan',
    question: 'best 10 of 100,000, exactly',
    answers: [
      {
        what: '512 dimensions, share of a plain memory read',
        value: (result) => scan(result, 512)?.shareOfRead,
        show: percent,
        least: 0.95,
        limit:
          'what is left is reading two numbers a row beside its codes, and some twenty rows of floats at places nobody could foresee: they are read when all parts of the scan have said how good a row must be. Walking several long rows at once was slower.',
      },
      {
        what: '512 dimensions, beside the best peer',
        value: (result) => scan(result, 512)?.timesBestPeer,
        show: times,
        least: 5,
        limit:
          "a quarter of the bytes is read, and hnswlib-node reads its own at nine tenths of the memory's speed.",
      },
      {
        what: '128 dimensions, beside the best peer',
        value: (result) => scan(result, 128)?.timesBestPeer,
        show: times,
        least: 5,
        limit:
          'the codes lie in the last-level cache and are read faster than their scores can be summed up and judged, though sixteen rows are judged at once, four a register.',
      },
      ...[512, 128].flatMap((dimension) => [
        {
          what: `${dimension} dimensions, 64 queries in one call, each beside a single one`,
          value: (result) => scan(result, dimension)?.togetherTimesSingle,
          show: times,
        },
        {
          what: `${dimension} dimensions, 64 queries in one call, each beside the best peer`,
          value: (result) => scan(result, dimension)?.togetherTimesBestPeer,
          show: times,
        },
      ]),
    ],
  },
  {
    script: 'all-pairs.mjs',
    full: [],
    short: ['8192'],
    result: 'all-pairs',
    question: 'score histogram of all pairs of 20,000 × 512',
    answers: [
      {
        what: "share of the CPU's multiply-add peak",
        value: ({ results }) => results?.[0]?.shareOfPeak,
        show: percent,
        least: 0.9,
        limit:
          'the tile alone runs at the peak where no other program takes its turn on the core and in its caches. Beside it, a tenth of the time goes to finding bins, to packing columns and to pairs so near to an edge of a bin that they are scored again in double. Counting costs nothing any more: it happens under the next tile.',
      },
      {
        what: 'beside TensorFlow.js WASM, without its histogram',
        value: (result) => result.timesTensorflow,
        show: times,
      },
      {
        what: 'beside a JavaScript loop',
        value: (result) => result.timesPlainLoop,
        show: times,
      },
    ],
  },
  {
    script: 'store.mjs',
    full: [],
    short: undefined,
    result: 'store',
    question: 'AssociateFaces through the store',
    answers: [
      {
        what: '64 callers, beside the same transaction alone',
        value: ({ variants }) => at(variants, { variant: 'store-64' })?.ratioToAlone,
        show: (value) => `${value.toFixed(2)} ×`,
      },
    ],
  },
  {
    script: 'associate.mjs',
    full: [],
    short: ['500'],
    result: 'associate',
    question: 'AssociateFaces over HTTP, 10 faces, durable',
    answers: [
      {
        what: '64 clients, share of the transaction alone',
        value: (result) => client64(result)?.ratioToTransactionAlone,
        show: percent,
        least: 0.6,
      },
      { what: '64 clients, p99', value: (result) => client64(result)?.p99Ms, show: milliseconds },
    ],
  },
  ...[128, 512].map((dimension) => ({
    script: 'graph.mjs',
    full: ['100000', String(dimension)],
    short: ['3000', String(dimension)],
    result: `graph-${dimension}`,
    question: `search graph, 100,000 × ${dimension}`,
    answers: [
      {
        what: 'search beside hnswlib-node at equal recall',
        value: (result) => usual(result)?.['times hnswlib-node'],
        show: times,
        least: 5,
        limit:
          'all engines are given huge pages here, which hnswlib-node gains most from; at 128 dimensions a code is two cache lines, so that links, marks, scales and the order of the beam count as much as the codes. Scoring the neighbours of a node at once gained 1.8 times, marks of a bit, scales of two bytes and lists that are asked for a step ahead another 1.4 times.',
      },
      {
        what: 'search beside usearch f16 at equal recall',
        value: (result) => usual(result)?.['times usearch f16'],
        show: times,
        least: 4,
      },
      {
        what: 'search, share of what reading the same rows at random costs',
        value: (result) => usual(result)?.shareOfRandomRead,
        show: percent,
        least: 0.65,
        limit:
          'the limit counts the bytes of the codes alone, with nothing waiting for anything; a search must know a score before it knows which node comes next, and reads a list, a mark and a scale for every code. About two fifths of its time are waiting for these; the rest is marking, scoring and keeping order.',
      },
      {
        what: 'build beside hnswlib-node, by the clock on two cores',
        value: ({ build }) => build && build['hnswlib-node'].wallUs / build.likeness.wallUs,
        show: times,
      },
      {
        what: 'build beside hnswlib-node, processor time',
        value: graphBuild,
        show: times,
        least: 5,
        limit:
          'processor time of two threads that share a core; by the clock it is twice that. Candidates are 200 for every insert, as in hnswlib-node, and the search for them is nearly all of it.',
      },
    ],
  })),
  {
    script: 'crowd.mjs',
    full: [],
    short: [FACES, '5000'],
    needs: join(FACES, 'manifest.csv'),
    result: 'crowd',
    question: 'search graph over real faces in a crowd of 100,000 like them',
    answers: [
      {
        what: 'faces of the same person that are found, 160 candidates',
        value: (result) => at(result.search, { ef: 160 })?.genuineRecall,
        show: (value) => `${(value * 100).toFixed(2)} %`,
        least: 0.999,
      },
      {
        what: 'best ten, 160 candidates',
        value: (result) => at(result.search, { ef: 160 })?.recall,
        show: (value) => `${(value * 100).toFixed(2)} %`,
      },
      {
        what: 'searches at 80 that a graph may answer; the others are scanned',
        value: (result) => at(result.thresholds, { threshold: 80 })?.answeredByGraph,
        show: percent,
      },
      {
        what: 'searches at 80 with all that a scan finds, were a graph with 1,200 candidates believed',
        value: (result) => at(result.believed, { threshold: 80, ef: 1200 })?.sameAsScan,
        show: (value) => `${(value * 100).toFixed(1)} %`,
      },
    ],
  },
  ...[512, 128].map((dimension) => ({
    script: 'growth.mjs',
    full: [String(dimension)],
    short: [String(dimension), '2000,4000'],
    result: `growth-${dimension}`,
    question: `growth to a million, ${dimension} dimensions`,
    answers: [
      {
        what: 'insert, processor time',
        value: (result) => result.results?.at(-1)?.insertCpuUs,
        show: (value) => `${value.toFixed(0)} µs`,
      },
      {
        what: 'search, p99',
        value: (result) => result.results?.at(-1)?.searchP99Us,
        show: (value) => `${value.toFixed(0)} µs`,
      },
      {
        what: 'matches of the same person that are found',
        value: (result) => result.results?.at(-1)?.genuineRecall,
        show: (value) => `${(value * 100).toFixed(2)} %`,
        least: 0.999,
      },
      {
        what: 'ready again from a snapshot',
        value: (result) => result.results?.at(-1)?.restart?.readyS,
        show: (value) => `${value.toFixed(1)} s`,
        most: 5,
      },
    ],
  })),
  ...[512, 128].map((dimension) => ({
    script: 'million.mjs',
    full: [String(dimension)],
    short: undefined,
    result: `million-${dimension}`,
    question: `search of 1,000,000 × ${dimension}`,
    answers: [
      {
        what: 'beside hnswlib-node over the same links',
        value: (result) => at(result.search, { engine: 'likeness', ef: 320 })?.timesHnswlibNode,
        show: times,
        least: 5,
        limit:
          'as among 100,000 of 128 dimensions: links, marks, scales and the order of the beam count as much as the codes.',
      },
      {
        what: 'event loop under 150 searches a second, delay p99',
        value: (result) => late(result, 'likeness'),
        show: milliseconds,
        most: 2,
        limit:
          'two threads search on the two cores that the event loop runs on, too; idle it is 0.2 ms. Both cores are busy half of the time.',
      },
      {
        what: 'the same with hnswlib-node',
        value: (result) => late(result, 'hnswlib-node'),
        show: milliseconds,
      },
    ],
  })),
  {
    script: 'thresholds.mjs',
    full: [],
    short: ['2000', '64', '20000'],
    result: 'thresholds',
    question: 'likeness thresholds on what is large',
    answers: [
      {
        what: 'all pairs of 100,000 × 512, counted by person',
        value: ({ allPairs }) => allPairs?.seconds,
        show: (value) => `${(value / 60).toFixed(1)} min`,
        most: 600,
      },
      {
        what: 'a score file of ten million rows',
        value: ({ scoreFile }) => scoreFile?.seconds,
        show: (value) => `${(value / 60).toFixed(1)} min`,
      },
      {
        what: 'most memory held',
        value: ({ allPairs }) => allPairs?.memoryMb,
        show: (value) => `${value} MB`,
      },
    ],
  },
  {
    script: 'user-scale.mjs',
    full: [],
    short: undefined,
    result: 'user-scale-dlib-cohort',
    question: 'similarity to users, of people nobody learnt from',
    answers: [2, 5].flatMap((faces) => [
      {
        what: `user of ${faces} faces: strangers taken at 75, by what is stated`,
        value: ({ rows }) => at(rows, { faces, threshold: 75 })?.timesAfter,
        show: (value) => `${value.toFixed(2)} ×`,
        most: 1.25,
      },
      {
        what: 'the same if the user is read like a photo',
        value: ({ rows }) => at(rows, { faces, threshold: 75 })?.timesBefore,
        show: (value) => `${value.toFixed(2)} ×`,
      },
    ]),
  },
  {
    script: 'event-loop.mjs',
    full: [],
    short: undefined,
    result: 'event-loop',
    question: 'event loop while photos are indexed',
    answers: [
      {
        what: '8 clients without a pause, delay p99',
        value: ({ rounds }) => median(rounds?.indexing?.map(({ p99 }) => p99)),
        show: milliseconds,
      },
    ],
  },
];
