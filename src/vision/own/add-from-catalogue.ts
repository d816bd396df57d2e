import type { EmbeddingCard } from '../parts.js';
import { addFusion, addSource, draftFor, type NewPart } from './add.js';
import {
  type CatalogueEntry,
  type CatalogueModel,
  draftOf,
  fusionDraftOf,
  netsOf,
} from './catalogue.js';
import { merged } from './draft.js';
import type { ModelSource } from './source.js';

/** A model of a catalogue, with the whole of it, and what the operator says of the model. */
export interface Wish {
  entry: CatalogueModel;
  entries: readonly CatalogueModel[];
  said: object;
}

/** Gets the files of a net. */
export type GetFiles = (net: CatalogueEntry) => Promise<Omit<ModelSource, 'draft' | 'format'>>;

/**
 * Adds a model of a catalogue, once the files of the nets that it is made of were got.
 *
 * @throws OperatorError for all that can be told before anything is got, then as `addModel` does.
 */
export async function addFromCatalogue(
  modelsDirectory: string,
  { entry, entries, said }: Wish,
  getFiles: GetFiles,
): Promise<EmbeddingCard> {
  const nets = netsOf(entry, entries);
  for (const net of nets) {
    // The name and licence are those of the whole.
    const known = merged({ ...draftOf(net), name: entry.name }, said);
    draftFor(modelsDirectory, net.format, { family: net.family, known });
  }
  const got = async (net: CatalogueEntry): Promise<NewPart> => ({
    family: net.family,
    known: draftOf(net),
    source: { format: net.format, ...(await getFiles(net)) },
  });
  if (entry.format === 'fusion') {
    const parts = new Map<string, NewPart>();
    for (const net of nets) parts.set(net.name, await got(net));
    return addFusion(modelsDirectory, { draft: fusionDraftOf(entry), parts }, said);
  }
  const { family, known, source } = await got(entry);
  return addSource(modelsDirectory, source, { family, known: merged(known, said) });
}
