/** Limits of the API that no request can change (developer guide "Guidelines and quotas", service model 2026-08). */
export const LIMITS = {
  /** Faces one user is made of. */
  facesPerUser: 100,
  /** Faces that are looked at in one image, largest first. */
  facesPerImage: 100,
} as const;

/** Values used where a request leaves a member out (contract sections 5 and 10). */
export const DEFAULTS = {
  userMatchThreshold: { associate: 75, search: 80 },
  faceMatchThreshold: 80,
  similarityThreshold: 80,
  maxFaces: 80,
  maxUsers: 80,
  listFaces: 1000,
  listUsers: 100,
  listCollections: 100,
} as const;

/** Amounts an operator may set; the API's documented quotas are the defaults. */
export interface Quotas {
  facesPerCollection: number;
  usersPerCollection: number;
  collections: number;
  tagsPerCollection: number;
}
