/** Limits of the API that no request can change (developer guide "Guidelines and quotas", service model 2026-08). */
export const LIMITS = {
  /** Faces one user is made of. */
  facesPerUser: 100,
  /** Faces that are looked at in one image, largest first. */
  facesPerImage: 100,
} as const;

/** How many items a reply holds where neither the request nor the API's documentation says. */
export const DEFAULTS = {
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
