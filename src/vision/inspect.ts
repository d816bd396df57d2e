import { type ExamineOptions, examineRuntimes, type RuntimeReport } from './choose.js';
import { loadPlacedFiles, type PlacedCard } from './models.js';
import { pipelineCards } from './nets.js';
import { candidatesFor, RUNTIME_NAMES, RUNTIMES } from './runtimes/runtime.js';

/** A model as `likeness doctor` shows it. */
export interface ModelReport {
  readonly name: string;
  readonly task: string;
  /** Where its files come from. */
  readonly source: string;
  readonly licence: string;
  readonly files: number;
  /** Why its files cannot be used; undefined: their checksums agree with the card. */
  readonly fault?: string;
}

/** How a runtime came off, and what it would use of the machine. */
export type CandidateReport = RuntimeReport & {
  readonly uses: 'core' | 'machine' | 'gpu';
  readonly packages: readonly string[];
};

export interface VisionReport {
  readonly models: readonly ModelReport[];
  /** All there are, the fastest usable one first; empty where a model cannot be used, for none could run it. */
  readonly runtimes: readonly CandidateReport[];
}

/** Checks every model's files, then tries every runtime with them; nothing is left running. */
export async function inspectVision(
  options: Omit<ExamineOptions, 'candidates'>,
): Promise<VisionReport> {
  const cards = await pipelineCards(options.embedders);
  const models = await Promise.all(cards.map(inspectModel));
  if (models.some(({ fault }) => fault !== undefined)) return { models, runtimes: [] };
  const candidates = candidatesFor(cards.map(({ card }) => card));
  const reports = await examineRuntimes({ ...options, candidates });
  const others = RUNTIME_NAMES.filter((name) => !candidates.names.includes(name));
  const unable = others.map((name) => ({ name, usable: false, reason: NOT_FOR_ONNX }) as const);
  return {
    models,
    runtimes: [...reports, ...unable].map((report) => ({ ...report, ...RUNTIMES[report.name] })),
  };
}

const NOT_FOR_ONNX = 'it runs no ONNX files, and one of the models is such a file';

async function inspectModel(placed: PlacedCard): Promise<ModelReport> {
  const { name, task, source, licence, files } = placed.card;
  const fault = await loadPlacedFiles(placed).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return {
    name,
    task,
    source: source.package ? `${source.package} ${source.packageVersion}` : source.origin,
    licence: licence.weights,
    files: files.length,
    ...(fault !== undefined && { fault }),
  };
}
