/** Keeps the memory of requests that are in flight within a bound. */
export interface Admission {
  /** A place for one request, or undefined where all are taken or a body of so many bytes would not fit. */
  enter(announcedBytes: number): Place | undefined;
}

/** What one request holds until it has been answered. */
export interface Place {
  /** False when there is no room for so many bytes more. */
  take(bytes: number): boolean;
  /** Gives everything back; a second call does nothing. */
  leave(): void;
}

export interface AdmissionLimits {
  readonly requestsInFlight: number;
  /** What the bodies of all requests in flight may hold together. One request always fits. */
  readonly bodiesInFlightBytes: number;
}

/**
 * Bytes count when they arrive: a caller who only announces a large body takes no room from others.
 */
export function createAdmission(limits: AdmissionLimits): Admission {
  let [requests, takenBytes] = [0, 0];
  const fits = (bytes: number, ownBytes: number): boolean =>
    takenBytes === ownBytes || takenBytes + bytes <= limits.bodiesInFlightBytes;
  return {
    enter(announcedBytes) {
      if (requests >= limits.requestsInFlight || !fits(announcedBytes, 0)) return undefined;
      requests++;
      let ownBytes = 0;
      let left = false;
      return {
        take(bytes) {
          if (left || !fits(bytes, ownBytes)) return false;
          takenBytes += bytes;
          ownBytes += bytes;
          return true;
        },
        leave() {
          if (left) return;
          left = true;
          requests--;
          takenBytes -= ownBytes;
        },
      };
    },
  };
}
