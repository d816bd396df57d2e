import { centroidOf, outlierDistanceOf } from '../../src/domain/centroid.js';
import { createSqliteStore } from '../../src/store/sqlite/store.js';
import { DEFAULT_MODELS, loadCard } from '../../src/vision/models.js';

/** What a data directory holds, read behind the back of a service that no longer runs. */
export interface StoredCollection {
  faceIds: string[];
  /** User id → its faces, sorted. */
  users: Map<string, string[]>;
  /** Largest difference in any component between a user's centroid and the one its faces give. */
  centroidError: number;
  counts: { faceCount: number; userCount: number };
}

export async function readStored(
  dataDirectory: string,
  collectionId: string,
): Promise<StoredCollection> {
  const { calibration } = await loadCard(DEFAULT_MODELS.embedder, 'embedder');
  const store = await createSqliteStore({ directory: dataDirectory });
  try {
    const { faceCount, userCount } = await store.collection(collectionId);
    const everything = { limit: 100_000 };
    const { items: faces } = await store.listFaces(collectionId, everything);
    const { items: users } = await store.listUsers(collectionId, everything);
    const stored: StoredCollection = {
      faceIds: faces.map(({ faceId }) => faceId),
      users: new Map(),
      centroidError: 0,
      counts: { faceCount, userCount },
    };
    for (const { userId, faceCount: count } of users) {
      const members = faces.filter((face) => face.userId === userId).map(({ faceId }) => faceId);
      if (members.length !== count)
        throw new Error(`${userId} counts ${count} faces, has ${members.length}`);
      stored.users.set(userId, members.toSorted());
      const embeddings = await Promise.all(
        members.map(async (faceId) => ({
          faceId,
          embedding: (await store.faceEmbedding(collectionId, faceId)) ?? new Float32Array(0),
        })),
      );
      const wanted = centroidOf(embeddings, outlierDistanceOf(calibration!)) ?? new Float32Array(0);
      const found = (await store.userCentroid(collectionId, userId)) ?? new Float32Array(0);
      if (wanted.length !== found.length)
        throw new Error(`${userId} has a centroid of ${found.length} floats`);
      wanted.forEach((value, i) => {
        stored.centroidError = Math.max(
          stored.centroidError,
          Math.abs(value - (found[i] ?? Number.NaN)),
        );
      });
    }
    return stored;
  } finally {
    await store.close();
  }
}
