import { readFile } from 'node:fs/promises';
import {
  AssociateFacesCommand,
  type BoundingBox,
  CreateUserCommand,
  IndexFacesCommand,
  type RekognitionClient,
  RekognitionServiceException,
  SearchUsersByImageCommand,
  SearchUsersCommand,
} from '@aws-sdk/client-rekognition';

/** Where a face is: its centre, as ratios of the photo. */
export interface Place {
  x: number;
  y: number;
}

/** A face in the collection. */
export interface IndexedFace extends Place {
  faceId: string;
}

/** A face that was found but not stored. */
export interface RefusedFace extends Place {
  reasons: string;
}

/** What AssociateFaces said of one face. */
export interface AssociationResult {
  accepted: boolean;
  reasons: readonly string[];
}

export interface FoundUser {
  userId: string;
  similarity: number;
}

/** The calls the demo makes, through the AWS SDK, on one collection. */
export class DemoSession {
  readonly #client: RekognitionClient;
  readonly #collection: { CollectionId: string };
  readonly #threshold: { UserMatchThreshold?: number };

  /** Without a threshold the API's defaults hold: 75 to associate, 80 to search. */
  constructor(client: RekognitionClient, collectionId: string, threshold?: number) {
    this.#client = client;
    this.#collection = { CollectionId: collectionId };
    this.#threshold = threshold === undefined ? {} : { UserMatchThreshold: threshold };
  }

  /** Stores the faces of a photo, from left to right. A photo the service refuses gives the reason. */
  async index(
    photo: string,
    options: { externalImageId: string; maxFaces?: number },
  ): Promise<{ faces: IndexedFace[]; refused: RefusedFace[] }> {
    try {
      const { FaceRecords = [], UnindexedFaces = [] } = await this.#client.send(
        new IndexFacesCommand({
          ...this.#collection,
          Image: { Bytes: await readFile(photo) },
          ExternalImageId: options.externalImageId,
          ...(options.maxFaces !== undefined && { MaxFaces: options.maxFaces }),
        }),
      );
      return {
        faces: FaceRecords.flatMap(({ Face }) =>
          Face?.FaceId === undefined
            ? []
            : [{ faceId: Face.FaceId, ...centreOf(Face.BoundingBox) }],
        ).toSorted((a, b) => a.x - b.x),
        refused: UnindexedFaces.map(({ Reasons = [], FaceDetail }) => ({
          ...centreOf(FaceDetail?.BoundingBox),
          reasons: Reasons.join(', '),
        })),
      };
    } catch (error) {
      if (!(error instanceof RekognitionServiceException) || error.$fault !== 'client') throw error;
      return {
        faces: [],
        refused: [{ ...centreOf({}), reasons: `${error.name}: ${error.message}` }],
      };
    }
  }

  async createUser(userId: string): Promise<void> {
    await this.#client.send(new CreateUserCommand({ ...this.#collection, UserId: userId }));
  }

  async associate(userId: string, faceId: string): Promise<AssociationResult> {
    const { AssociatedFaces = [], UnsuccessfulFaceAssociations = [] } = await this.#client.send(
      new AssociateFacesCommand({
        ...this.#collection,
        ...this.#threshold,
        UserId: userId,
        FaceIds: [faceId],
      }),
    );
    const refusal = UnsuccessfulFaceAssociations[0];
    return {
      accepted: AssociatedFaces.length > 0,
      reasons: refusal?.Reasons ?? [],
    };
  }

  /** The users nearest to a stored face, however far. */
  async nearestUsers(faceId: string, count: number): Promise<FoundUser[]> {
    const { UserMatches = [] } = await this.#client.send(
      new SearchUsersCommand({
        ...this.#collection,
        FaceId: faceId,
        UserMatchThreshold: 0,
        MaxUsers: count,
      }),
    );
    return UserMatches.flatMap(toFoundUser);
  }

  /** The user nearest to the largest face of a photo, if any reaches the threshold. */
  async userInPhoto(bytes: Uint8Array): Promise<FoundUser | undefined> {
    const { UserMatches = [] } = await this.#client.send(
      new SearchUsersByImageCommand({
        ...this.#collection,
        ...this.#threshold,
        Image: { Bytes: bytes },
        MaxUsers: 1,
      }),
    );
    return UserMatches.flatMap(toFoundUser)[0];
  }
}

export const centreOf = ({
  Left = 0,
  Top = 0,
  Width = 0,
  Height = 0,
}: BoundingBox = {}): Place => ({
  x: Left + Width / 2,
  y: Top + Height / 2,
});

function toFoundUser(match: {
  Similarity?: number | undefined;
  User?: { UserId?: string | undefined } | undefined;
}): FoundUser[] {
  const { Similarity: similarity, User } = match;
  const userId = User?.UserId;
  return userId === undefined || similarity === undefined ? [] : [{ userId, similarity }];
}
