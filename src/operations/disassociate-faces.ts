import { centroidOf, outlierDistanceOf } from '../domain/centroid.js';
import type {
  DisassociateFacesInput,
  DisassociateFacesOutput,
} from '../model/disassociate-faces.js';
import type { UserFacesChange, UserFacesState } from '../store/store.js';
import { openCollection } from './collections.js';
import { idempotencyOf } from './idempotency.js';
import type { Services } from './services.js';
import { userStatus } from './users.js';

/** Takes faces away from a user; they stay in the collection. */
export async function disassociateFaces(
  services: Pick<Services, 'store' | 'vision' | 'vectors' | 'calibrations' | 'settings' | 'clock'>,
  input: DisassociateFacesInput,
): Promise<DisassociateFacesOutput> {
  const { store, vectors } = services;
  const { CollectionId: collectionId, UserId: userId } = input;
  const faceIds = [...new Set(input.FaceIds)];
  const collection = await openCollection(services, collectionId);
  const outlierDistance = outlierDistanceOf(
    await services.calibrations.weighing(collection.modelId),
  );
  const { value, sequence } = await store.changeUserFaces(
    collectionId,
    {
      userId,
      faceIds,
      modelId: collection.modelId,
      ...idempotencyOf(services, 'DisassociateFaces', input),
    },
    (state) => decide(state, faceIds, outlierDistance),
  );
  await vectors.reach(collection, sequence);
  return value;
}

/** A face of no user is passed over in silence: the caller's wish is already fulfilled (contract 5.14). */
function decide(
  state: UserFacesState,
  faceIds: readonly string[],
  outlierDistance: number,
): UserFacesChange<DisassociateFacesOutput> {
  const ownerOf = (faceId: string): string | undefined => state.faces.get(faceId)?.userId;
  const leaving = faceIds.filter((faceId) => ownerOf(faceId) === state.userId);
  const gone = new Set(leaving);
  const remaining = state.members.filter(({ faceId }) => !gone.has(faceId));
  const unsuccessful = faceIds.flatMap((faceId) => refusalOf(state, faceId));
  return {
    link: [],
    unlink: leaving,
    centroid: centroidOf(remaining, outlierDistance),
    response: {
      DisassociatedFaces: leaving.map((FaceId) => ({ FaceId })),
      UnsuccessfulFaceDisassociations: unsuccessful,
      UserStatus: userStatus({ faceCount: remaining.length }),
    },
  };
}

type Refusal = NonNullable<DisassociateFacesOutput['UnsuccessfulFaceDisassociations']>[number];

function refusalOf(state: UserFacesState, faceId: string): Refusal[] {
  const face = state.faces.get(faceId);
  if (!face) return [{ FaceId: faceId, Reasons: ['FACE_NOT_FOUND'] }];
  const { userId: owner } = face;
  return owner === undefined || owner === state.userId
    ? []
    : [{ FaceId: faceId, UserId: owner, Reasons: ['ASSOCIATED_TO_A_DIFFERENT_USER'] }];
}
