import { LIMITS } from './limits.js';
import { reaches } from './similarity.js';

/** A face that asks to join a user. */
export interface Candidate {
  faceId: string;
  /** Undefined: the collection holds no such face. */
  found:
    | {
        /** The user it already belongs to. */
        userId: string | undefined;
        /** 0–100 against the user as it stood when the call began; undefined: the user has no face to compare with. */
        similarity: number | undefined;
      }
    | undefined;
}

export type Refusal =
  | { reason: 'FACE_NOT_FOUND' }
  | { reason: 'ASSOCIATED_TO_A_DIFFERENT_USER'; userId: string }
  | { reason: 'LOW_MATCH_CONFIDENCE'; similarity: number }
  | { reason: 'MAX_FACES_PER_USER_EXCEEDED' };

export interface Verdict {
  /** Faces to add, in the order asked. Faces the user already has are in neither list. */
  accepted: string[];
  refused: { faceId: string; refusal: Refusal }[];
}

/**
 * Decides which candidates join the user (contract 5.13 and section 10). Pure. Each face is judged on
 * its own, so the verdict on similarity does not depend on the order; only the limit of faces per user
 * is filled in the order asked.
 */
export function judge(
  candidates: readonly Candidate[],
  user: { userId: string; faceCount: number },
  threshold: number,
): Verdict {
  const verdict: Verdict = { accepted: [], refused: [] };
  for (const { faceId, found } of candidates) {
    if (found?.userId === user.userId) continue;
    const full = user.faceCount + verdict.accepted.length >= LIMITS.facesPerUser;
    const refusal = refusalOf(found, threshold) ?? (full ? FULL : undefined);
    if (refusal) verdict.refused.push({ faceId, refusal });
    else verdict.accepted.push(faceId);
  }
  return verdict;
}

const FULL: Refusal = { reason: 'MAX_FACES_PER_USER_EXCEEDED' };

function refusalOf(found: Candidate['found'], threshold: number): Refusal | undefined {
  if (!found) return { reason: 'FACE_NOT_FOUND' };
  const { userId, similarity } = found;
  if (userId !== undefined) return { reason: 'ASSOCIATED_TO_A_DIFFERENT_USER', userId };
  if (similarity !== undefined && !reaches(similarity, threshold))
    return { reason: 'LOW_MATCH_CONFIDENCE', similarity };
  return undefined;
}
