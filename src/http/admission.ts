/** Keeps the memory of requests that are in flight within a bound. */
export interface Admission {
  /** False when there is no room for so many bytes now. What was taken must be released. */
  take(bytes: number): boolean;
  release(bytes: number): void;
}

/** `maxBytes`: what the bodies of all requests in flight may hold together. One request always fits. */
export function createAdmission(maxBytes: number): Admission {
  let takenBytes = 0;
  return {
    take(bytes) {
      if (takenBytes > 0 && takenBytes + bytes > maxBytes) return false;
      takenBytes += bytes;
      return true;
    },
    release(bytes) {
      takenBytes -= bytes;
    },
  };
}
