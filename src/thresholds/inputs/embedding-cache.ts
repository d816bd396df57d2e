import { createReadStream, existsSync } from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { FaceDetail } from '../../domain/face.js';
import type { GradedFace } from '../../domain/quality.js';
import type { FailureReason } from '../report.js';

/** What is kept of a face: all that measuring may ask for. */
export interface KnownFace extends GradedFace, Pick<FaceDetail, 'box'> {
  embedding: Float32Array;
}

/** What a photo gave. */
export type PhotoResult =
  | { faces: KnownFace[] }
  | { failure: { reason: FailureReason; detail: string } };

/**
 * Results by the content of photos, in one file for each model, a JSON line a photo, appended as they come. A stop at
 * any moment costs at most the line under way, which is skipped when read. Only for their owner: embeddings are
 * biometric data.
 */
export class EmbeddingCache {
  readonly #file: string;
  readonly #dimension: number;
  readonly #known = new Map<string, PhotoResult>();

  private constructor(file: string, dimension: number) {
    this.#file = file;
    this.#dimension = dimension;
  }

  /** Reads what is known of these contents (SHA-256, hex). */
  static async open(
    directory: string,
    { key, dimension, wanted }: { key: string; dimension: number; wanted: ReadonlySet<string> },
  ): Promise<EmbeddingCache> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const cache = new EmbeddingCache(join(directory, `${key}.jsonl`), dimension);
    await cache.#read(wanted);
    return cache;
  }

  find(sha256: string): PhotoResult | undefined {
    return this.#known.get(sha256);
  }

  async add(sha256: string, result: PhotoResult): Promise<void> {
    this.#known.set(sha256, result);
    // The line break comes first: what a stop cut short does not run into this line.
    await appendFile(this.#file, `\n${encode(sha256, result)}`, { mode: 0o600 });
  }

  async #read(wanted: ReadonlySet<string>): Promise<void> {
    if (!existsSync(this.#file)) return;
    const input = createReadStream(this.#file, { encoding: 'utf8' });
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      // Known before it is parsed: {"sha256":"<64 digits>"…
      const sha256 = line.slice(11, 75);
      if (!wanted.has(sha256)) continue;
      const result = decode(line, this.#dimension);
      if (result) this.#known.set(sha256, result);
    }
  }
}

function encode(sha256: string, result: PhotoResult): string {
  if ('failure' in result) return JSON.stringify({ sha256, failure: result.failure });
  const faces = result.faces.map(({ embedding, box, confidence, quality, pose, sizePx }) => ({
    box,
    confidence,
    quality,
    pose,
    sizePx,
    embedding: Buffer.from(embedding.buffer, embedding.byteOffset, embedding.byteLength).toString(
      'base64',
    ),
  }));
  return JSON.stringify({ sha256, faces });
}

/** Undefined for a line that was cut short or is of another kind. */
function decode(line: string, dimension: number): PhotoResult | undefined {
  try {
    const record = JSON.parse(line) as {
      faces?: (Omit<KnownFace, 'embedding'> & { embedding: string })[];
      failure?: { reason: FailureReason; detail: string };
    };
    if (record.failure) return { failure: record.failure };
    const faces = record.faces?.map(({ embedding, ...face }) => {
      const bytes = new Uint8Array(Buffer.from(embedding, 'base64'));
      return { ...face, embedding: new Float32Array(bytes.buffer) };
    });
    return faces?.every((face) => face.embedding.length === dimension) ? { faces } : undefined;
  } catch {
    return undefined;
  }
}
