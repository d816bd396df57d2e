import { setImmediate as nextTurn } from 'node:timers/promises';
import type { KeptCrops } from '../store.js';
import type { Reader } from './reader.js';

/** Collections that are looked at before others get their turn. */
const READ_A_TURN = 8;
const COLLECTIONS_A_PAGE = 500;

/**
 * How many crops all collections keep. What a collection's file says is remembered until something is written there:
 * asking again opens no file.
 */
export class CropTotals {
  readonly #reader: Reader;
  /** By file: a collection that moved to another model has another. */
  readonly #known = new Map<string, KeptCrops>();

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** Crops came into a file or went. */
  changed(file: string): void {
    this.#known.delete(file);
  }

  async all(): Promise<KeptCrops> {
    const sum: KeptCrops = { crops: 0, bytes: 0 };
    const seen = new Set<string>();
    let after: number | undefined;
    do {
      const { items, next } = this.#reader.listRows({
        limit: COLLECTIONS_A_PAGE,
        ...(after !== undefined && { after }),
      });
      for (const [index, { file, collectionId }] of items.entries()) {
        seen.add(file);
        if (index % READ_A_TURN === READ_A_TURN - 1) await nextTurn();
        const { crops, bytes } = this.#of(file, collectionId);
        sum.crops += crops;
        sum.bytes += bytes;
      }
      after = next;
    } while (after !== undefined);
    for (const file of this.#known.keys()) if (!seen.has(file)) this.#known.delete(file);
    return sum;
  }

  #of(file: string, collectionId: string): KeptCrops {
    const known = this.#known.get(file);
    if (known) return known;
    const found = this.#reader.look({ file, collectionId }, (connection) =>
      connection.get<KeptCrops>('SELECT crops, bytes FROM crop_totals'),
    ) ?? { crops: 0, bytes: 0 };
    this.#known.set(file, found);
    return found;
  }
}
