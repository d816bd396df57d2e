import type { BoundingBox } from '../domain/face.js';
import type { CalibrationStore } from './calibrations.js';
import type { OtherSpaces } from './moving.js';

/**
 * The store is the truth: everything acknowledged is in it, durably, before the promise resolves.
 * One contract, one folder a database. Errors that callers can cause are `StoreRefusal`s in the result
 * types below; a missing collection or user is an ApiError ResourceNotFoundException with AWS's text.
 *
 * Every change of a collection's vectors gets the next number of that collection's dense change
 * sequence (1, 2, 3, …), in the same transaction. Indexes follow it.
 */
export interface Store {
  createCollection(collection: NewCollection): Promise<Collection>;
  /** Removes the collection with its faces, users, tokens and tags. */
  deleteCollection(collectionId: string): Promise<void>;
  collection(collectionId: string): Promise<Collection>;
  /** Oldest first. */
  listCollections(page: Page<number>): Promise<Listing<Collection, number>>;

  tags(collectionId: string): Promise<Record<string, string>>;
  /** Merges; ServiceQuotaExceededException above `maxTags`. */
  putTags(collectionId: string, tags: Record<string, string>, maxTags: number): Promise<void>;
  deleteTags(collectionId: string, keys: readonly string[]): Promise<void>;

  /**
   * Stores the faces of one image. A face of the same image, external image id and box that is already
   * there is not stored again: its stored record is returned in its place. Result in the order given.
   * ServiceQuotaExceededException when the collection would hold more than `maxFaces`.
   *
   * @param modelId of the model the embeddings are of; ThrottlingException where the collection has moved to another.
   * @param faces their further embeddings are kept where the collection has such a space then: see `otherSpaces`.
   */
  insertFaces(
    collectionId: string,
    faces: readonly NewFace[],
    maxFaces: number,
    modelId?: string,
  ): Promise<Committed<Face[]>>;
  /** The spaces that embeddings of a collection are kept in besides its own. */
  otherSpaces(collectionId: string): Promise<OtherSpaces>;
  /** How many crops of faces are kept, in all collections. */
  crops(): Promise<KeptCrops>;
  /** The crop that was kept last in a collection, as it was given; undefined: none is. */
  newestCrop(collectionId: string): Promise<{ faceId: string; crop: Uint8Array } | undefined>;
  /** Faces that belong to a user stay. Lists in the order given, each id once. */
  deleteFaces(collectionId: string, faceIds: readonly string[]): Promise<Committed<FaceDeletion>>;
  /** Undefined where the collection holds no such face. */
  face(collectionId: string, faceId: string): Promise<Face | undefined>;
  /** In the order asked, missing ones left out. */
  faces(collectionId: string, faceIds: readonly string[]): Promise<Face[]>;
  faceEmbedding(collectionId: string, faceId: string): Promise<Float32Array | undefined>;
  listFaces(
    collectionId: string,
    page: Page<number> & { userId?: string; faceIds?: readonly string[] },
  ): Promise<Listing<Face, number>>;

  /** ConflictException when the user exists; ServiceQuotaExceededException above `maxUsers`. */
  createUser(
    collectionId: string,
    userId: string,
    options: { maxUsers: number; idempotency?: Idempotency },
  ): Promise<void>;
  /** Disassociates all faces, then removes the user. */
  deleteUser(
    collectionId: string,
    userId: string,
    options: { idempotency?: Idempotency },
  ): Promise<Committed<void>>;
  user(collectionId: string, userId: string): Promise<User | undefined>;
  /** In the order asked, missing ones left out. */
  users(collectionId: string, userIds: readonly string[]): Promise<User[]>;
  /** The centroid, unit length; undefined while the user has no face. */
  userCentroid(collectionId: string, userId: string): Promise<Float32Array | undefined>;
  listUsers(collectionId: string, page: Page<number>): Promise<Listing<User, number>>;

  /**
   * Changes which faces a user has, as one transaction that no other change of this user or of these
   * faces can interleave with. `decide` is given the state inside that transaction and says what to
   * write; it must be pure, for it may be called again when the state changed under an attempt.
   * With `idempotency`, the response is stored beside the change and a replay returns it without deciding.
   */
  changeUserFaces<R>(
    collectionId: string,
    request: {
      userId: string;
      faceIds: readonly string[];
      idempotency?: Idempotency;
      /** As in insertFaces: the model that `decide` knows the scale of. */
      modelId?: string;
    },
    decide: (state: UserFacesState) => UserFacesChange<R>,
  ): Promise<Committed<R>>;

  /** The newest change number of a collection; 0 before the first. */
  changeSequence(collectionId: string): Promise<number>;
  /**
   * What changed after `after`, oldest first, at most `limit` entries, each with its current vector
   * (undefined: gone). `truncated` when the log no longer reaches back that far: take `vectors` instead.
   */
  changes(
    collectionId: string,
    after: number,
    limit: number,
    modelId?: string,
  ): Promise<VectorChanges | 'truncated'>;
  /**
   * All vectors as they stand at one change number, in batches of a few thousand. At least one batch
   * comes, for an empty collection one without keys, so that the change number is always known. With `modelId`,
   * here and in `changes`: ThrottlingException where the collection has moved to another model.
   */
  vectors(collectionId: string, modelId?: string): AsyncIterable<VectorBatch>;

  readonly calibrations: CalibrationStore;

  /** A random 32-byte secret of this installation, made at first use and kept. */
  secret(name: string): Promise<Buffer>;
  /** Resolves when writing works; rejects with an OperatorError that says what to repair. */
  check(): Promise<void>;
  /** Finishes what was accepted, then closes. */
  close(): Promise<void>;
}

export interface NewCollection {
  collectionId: string;
  modelId: string;
  /** The calibration version its similarities are read from, until `CalibrationStore.switch` pins another. */
  calibrationVersion: string;
  faceModelVersion: string;
  /** Length of every embedding in it. */
  dimension: number;
  tags: Record<string, string>;
  createdAtMs: number;
  /** ServiceQuotaExceededException above this many collections. */
  maxCollections: number;
}

export interface Collection {
  collectionId: string;
  modelId: string;
  calibrationVersion: string;
  faceModelVersion: string;
  dimension: number;
  createdAtMs: number;
  faceCount: number;
  userCount: number;
}

export interface NewFace {
  faceId: string;
  imageId: string;
  externalImageId?: string;
  box: BoundingBox;
  /** 0–100. */
  confidence: number;
  /** Unit length; checked. */
  embedding: Float32Array;
  /** Under other models, unit length; checked. A face that is there already gets those that it lacks. */
  further?: readonly { modelId: string; embedding: Float32Array }[];
  /** Kept as it is, for moves: see CollectionMove.crop. */
  crop?: Uint8Array;
  createdAtMs: number;
}

/** Crops of faces: how many, and how large they are together. */
export interface KeptCrops {
  crops: number;
  bytes: number;
}

export interface Face {
  faceId: string;
  imageId: string;
  externalImageId?: string;
  box: BoundingBox;
  confidence: number;
  /** The user it belongs to, if any. */
  userId?: string;
}

export interface FaceDeletion {
  deleted: string[];
  refused: (
    | { faceId: string; reason: 'ASSOCIATED_TO_AN_EXISTING_USER'; userId: string }
    | { faceId: string; reason: 'FACE_NOT_FOUND' }
  )[];
}

export interface User {
  userId: string;
  faceCount: number;
}

/** A result together with the change number at which every index shows it. */
export interface Committed<T> {
  value: T;
  sequence: number;
}

export interface Page<C> {
  limit: number;
  /** The `next` of the page before. */
  after?: C;
}
export interface Listing<T, C> {
  items: T[];
  /** Absent on the last page. */
  next?: C;
}

/** What makes a repeated request recognisable (contract section 10, "idempotency"). */
export interface Idempotency {
  operation: string;
  token: string;
  /** Digest of all other parameters; another digest under the same token is IdempotentParameterMismatchException. */
  digest: string;
  nowMs: number;
  /** After this the token is forgotten. */
  expiresAtMs: number;
}

/** A user and the faces in question, as they stand inside the transaction. */
export interface UserFacesState {
  userId: string;
  /** Undefined while the user has no face. */
  centroid: Float32Array | undefined;
  /** The user's faces now, at most 100. */
  members: { faceId: string; embedding: Float32Array }[];
  /** The faces asked about that exist, by id; `embedding` is a view of row `row` of `embeddings`. */
  faces: Map<string, { userId: string | undefined; embedding: Float32Array; row: number }>;
  /** Their embeddings end to end, to be scored where they lie. */
  embeddings: Float32Array;
}

/** What to write. Faces not named stay as they are. */
export interface UserFacesChange<R> {
  link: readonly string[];
  unlink: readonly string[];
  /** The new centroid, unit length; undefined when no face is left. Ignored when nothing is linked or unlinked. */
  centroid: Float32Array | undefined;
  /** JSON-serialisable; stored for replays. */
  response: R;
}

export type VectorKind = 'face' | 'user';

export interface VectorChange {
  sequence: number;
  kind: VectorKind;
  /** FaceId or UserId. */
  key: string;
  /** Unit length; undefined: no longer there. */
  vector: Float32Array | undefined;
}
export interface VectorChanges {
  changes: VectorChange[];
  /** True when `changes` ends at the newest change. */
  complete: boolean;
}
export interface VectorBatch {
  /** The change number the whole iteration stands at. */
  sequence: number;
  kind: VectorKind;
  keys: string[];
  /** keys.length × dimension floats, row by row. */
  rows: Float32Array;
}
