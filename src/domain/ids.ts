import { createHash, randomUUID } from 'node:crypto';

/** A new FaceId: random, so that it says nothing about the photo or the person. */
export const newFaceId = (): string => randomUUID();

/**
 * The ImageId of a photo: a name-based UUID (RFC 9562 version 8 over SHA-256), equal for equal bytes,
 * as the real service's ids are (sample replies show name-based UUIDs).
 */
export function imageIdOf(bytes: Uint8Array): string {
  const digest = createHash('sha256').update(bytes).digest().subarray(0, 16);
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const hex = digest.toString('hex');
  return [8, 4, 4, 4, 12]
    .map((length, i, lengths) => {
      const start = lengths.slice(0, i).reduce((sum, n) => sum + n, 0);
      return hex.slice(start, start + length);
    })
    .join('-');
}

/** Where the service says it is: parts of every ARN. */
export interface Place {
  region: string;
  accountId: string;
}

/** The full ARN, as DescribeCollection shows it. */
export const collectionArn = ({ region, accountId }: Place, collectionId: string): string =>
  `arn:aws:rekognition:${region}:${accountId}:collection/${collectionId}`;

/** CreateCollection leaves `arn:` out (create-collection-procedure.md and several recorded replies). */
export const shortCollectionArn = (place: Place, collectionId: string): string =>
  collectionArn(place, collectionId).slice('arn:'.length);

/** The collection an ARN of either spelling names here; undefined for anything else. */
export function collectionOfArn(place: Place, arn: string): string | undefined {
  const full = arn.startsWith('arn:') ? arn : `arn:${arn}`;
  const prefix = collectionArn(place, '');
  return full.startsWith(prefix) ? full.slice(prefix.length) : undefined;
}

/** The id of an embedding model: its name and a digest over everything that moves its embeddings. */
export const modelIdOf = (name: string, digest: string): string => `${name}-${digest}`;

/** Whether an id is that of the model with this digest, by whatever name. */
export const isIdOf = (id: string, digest: string): boolean => id.endsWith(modelIdOf('', digest));

/**
 * Whether embeddings of the model `from` are carried over to the other: that is `from` with a cohort added, so that its
 * embeddings are computed from those, without any photo. By whatever name either goes.
 *
 * @param from id of a model.
 */
export const carriesOver = (from: string, { plainDigest }: { plainDigest?: string }): boolean =>
  plainDigest !== undefined && isIdOf(from, plainDigest);

/**
 * Whether the embedding of a face by the model `id` costs no run of a net where the one by `model` is computed: all its nets
 * run for that in any case, and only what follows differs, as a cohort.
 *
 * @param known the models whose nets are known; others are by their id where they are a net of `model` without a cohort.
 */
export const comesAlongWith = (
  id: string,
  { runs }: { runs: readonly string[] },
  known: readonly { id: string; runs: readonly string[] }[],
): boolean =>
  runs.some((run) => isIdOf(id, run)) ||
  known.some((each) => each.id === id && each.runs.every((run) => runs.includes(run)));
