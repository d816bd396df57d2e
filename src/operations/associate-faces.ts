import { type Candidate, judge, type Refusal } from '../domain/associations.js';
import { centroidOf, outlierDistanceOf } from '../domain/centroid.js';
import { type CalibrationCurve, similarityOf } from '../domain/similarity.js';
import { curveFor } from '../domain/user-scale.js';
import {
  type AssociateFacesInput,
  type AssociateFacesOutput,
  associateFacesModel,
} from '../model/associate-faces.js';
import type { UserFacesChange, UserFacesState } from '../store/store.js';
import { openCollection } from './collections.js';
import { idempotencyOf } from './idempotency.js';
import type { Services } from './services.js';
import { userStatus } from './users.js';

type Scorer = Pick<Services, 'matcher' | 'settings'> & {
  calibration: CalibrationCurve;
  /** See `centroidOf`. */
  outlierDistance: number;
};

/** Adds faces to a user, each only if it resembles the faces the user already has. */
export async function associateFaces(
  services: Pick<
    Services,
    'store' | 'vision' | 'vectors' | 'matcher' | 'calibrations' | 'settings' | 'clock'
  >,
  input: AssociateFacesInput,
): Promise<AssociateFacesOutput> {
  const { store, vectors } = services;
  const { CollectionId: collectionId, UserId: userId } = input;
  const threshold = input.UserMatchThreshold ?? associateFacesModel.defaults.UserMatchThreshold;
  const faceIds = [...new Set(input.FaceIds)];
  const collection = await openCollection(services, collectionId);
  const scorer = {
    ...services,
    calibration: await services.calibrations.of(collection),
    outlierDistance: outlierDistanceOf(await services.calibrations.weighing(collection.modelId)),
  };
  const { value, sequence } = await store.changeUserFaces(
    collectionId,
    {
      userId,
      faceIds,
      modelId: collection.modelId,
      ...idempotencyOf(services, 'AssociateFaces', input),
    },
    (state) => decide(scorer, state, faceIds, threshold),
  );
  await vectors.reach(collection, sequence);
  return value;
}

/** All inside the store's transaction: nobody else can change this user or these faces meanwhile. */
function decide(
  services: Scorer,
  state: UserFacesState,
  faceIds: readonly string[],
  threshold: number,
): UserFacesChange<AssociateFacesOutput> {
  const similarities = similaritiesTo(services, state, faceIds);
  const candidates = faceIds.map((faceId): Candidate => {
    const face = state.faces.get(faceId);
    return {
      faceId,
      found: face && { userId: face.userId, similarity: similarities.get(faceId) },
    };
  });
  const { userId, members } = state;
  const { accepted, refused } = judge(candidates, { userId, faceCount: members.length }, threshold);
  const added = accepted.flatMap((faceId) => {
    const face = state.faces.get(faceId);
    return face ? [{ faceId, embedding: face.embedding }] : [];
  });
  return {
    link: accepted,
    unlink: [],
    centroid: centroidOf([...members, ...added], services.outlierDistance),
    response: {
      AssociatedFaces: accepted.map((FaceId) => ({ FaceId })),
      UnsuccessfulFaceAssociations: refused.map(toUnsuccessful),
      UserStatus: userStatus({ faceCount: members.length + added.length }),
    },
  };
}

/** 0–100 of each free face against the user as it stands now; none where there is nothing to compare with. */
function similaritiesTo(
  { matcher, calibration, settings }: Scorer,
  { centroid, members, faces, embeddings }: UserFacesState,
  faceIds: readonly string[],
): Map<string, number> {
  const free = faceIds.flatMap((faceId) => {
    const face = faces.get(faceId);
    return face && face.userId === undefined ? [{ faceId, ...face }] : [];
  });
  const rows = Uint32Array.from(free, ({ row }) => row);
  const cosinesTo = (one: Float32Array) => matcher.cosinesOf(one, embeddings, rows);
  const consistent = settings.firstBatch === 'consistent';
  const reference = centroid ?? (consistent ? mostCentral(free, cosinesTo) : undefined);
  if (!reference || free.length === 0) return new Map();
  const cosines = cosinesTo(reference);
  // As many as the centroid was made of; the one face that seeds a user counts 1.
  const curve = curveFor(calibration, [members.length]);
  return new Map(
    free.map(({ faceId }, i) => [faceId, similarityOf(curve, cosines[i] ?? Number.NaN)]),
  );
}

/** The face nearest to all others, which seeds a user whose first batch must agree with itself. */
function mostCentral(
  faces: readonly { embedding: Float32Array }[],
  cosinesTo: (one: Float32Array) => Float32Array,
): Float32Array | undefined {
  const closeness = faces.map(({ embedding }) =>
    cosinesTo(embedding).reduce((sum, cosine) => sum + cosine, 0),
  );
  return faces[closeness.indexOf(Math.max(...closeness))]?.embedding;
}

const toUnsuccessful = ({ faceId, refusal }: { faceId: string; refusal: Refusal }) => ({
  FaceId: faceId,
  ...('userId' in refusal && { UserId: refusal.userId }),
  ...('similarity' in refusal && { Confidence: refusal.similarity }),
  Reasons: [refusal.reason],
});
