/** The embedding space of a collection: what two of its embeddings may be compared under, and on which scale. */
export interface EmbeddingSpace {
  /** EmbeddingModel.id. */
  modelId: string;
  calibrationVersion: string;
  faceModelVersion: string;
  dimension: number;
}

/** A move of a collection to another model that was begun and not ended. */
export interface Move {
  to: EmbeddingSpace;
  startedAtMs: number;
}

/** The spaces that embeddings of a collection are kept in besides its own. */
export interface OtherSpaces {
  /** Where it is on its way to. */
  goal: EmbeddingSpace | undefined;
  /** What it was before it moved, the last first. */
  former: readonly EmbeddingSpace[];
}

/** A face as a move sees it. */
export interface MovingFace {
  faceId: string;
  imageId: string;
  /** '' for none. */
  externalImageId: string;
  /** '' for none. */
  userId: string;
}

/** A user with the embeddings of its faces, under the present model and under the one it moves to. */
export interface MovingUser {
  userId: string;
  faces: { faceId: string; before: Float32Array; after: Float32Array | undefined }[];
}

/** The new embedding of a face, computed from its present one; both of unit length. */
export type Carriage = (present: Float32Array) => Float32Array;

/** How many faces have their new embedding. */
export interface MoveProgress {
  faces: number;
  /** Without one yet. */
  missing: number;
}

/** What became of faces at a switch. */
export interface Moved {
  /** Without a new embedding: they are in the collection no more, and come back where it goes back. */
  leftBehind: number;
  /** Left behind by an earlier switch, and in the collection again. */
  cameBack: number;
}

/**
 * Moves one collection to another model, beside the service that goes on serving it: new embeddings gather in a
 * file of their own until the switch, which is one commit. Face ids, users, associations and tokens are those
 * of the switch's moment; nothing that was acknowledged before it is left behind.
 */
export interface CollectionMove {
  readonly move: Move;
  progress(): MoveProgress;
  /** The faces that lack a new embedding, oldest first. */
  missing(): Generator<MovingFace[]>;
  /** The present embedding of a face; undefined: it is gone. */
  embedding(faceId: string): Float32Array | undefined;
  /** What was kept as the crop of a face; undefined: nothing. */
  crop(faceId: string): Uint8Array | undefined;
  /** Keeps new embeddings, unit length, durably. Faces that are gone are passed over. */
  stage(embeddings: readonly { faceId: string; embedding: Float32Array }[]): void;
  /**
   * Stages for the faces that lack a new embedding what is computed from their present one, page by page. Gives how many
   * faces it were after each page.
   */
  carry(over: Carriage): Generator<number>;
  /** Users with at least one face, oldest first, in pages. */
  users(): Generator<MovingUser[]>;
  /**
   * Makes the new embeddings those of the collection. OperatorError while a face lacks one. Writes of the service
   * wait meanwhile; those that were made with the old model are refused with ThrottlingException, which SDKs retry. What
   * the service kept of faces under the new model (NewFace.further) is there when a move is opened, and at the switch.
   *
   * @param centroidOf of a user's faces, unit length; undefined where they cancel out.
   * @param options.over carries the faces that came since the last `carry`: while writes wait none can come after it.
   * @param options.withoutMissing leaves faces behind that lack an embedding, in place of the error; not all of them.
   * @param options.facesPerUser no face comes back to a user that has as many. Default: without end.
   */
  switch(
    centroidOf: (faces: { faceId: string; embedding: Float32Array }[]) => Float32Array | undefined,
    nowMs: number,
    options?: { over?: Carriage | undefined; withoutMissing?: boolean; facesPerUser?: number },
  ): Moved;
  /** Forgets the new embeddings. */
  cancel(): Promise<void>;
  close(): void;
}
