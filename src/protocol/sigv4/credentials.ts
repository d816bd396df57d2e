import type { Policy } from '../policy/policy.js';

/** One access key and the principal it speaks for. */
export interface AccessKey {
  readonly secretAccessKey: string;
  /** Set for temporary keys: every request must carry exactly this X-Amz-Security-Token. */
  readonly sessionToken?: string;
  /** Epoch milliseconds after which a temporary key is ExpiredTokenException. */
  readonly expiresAtMs?: number;
  /** Such as `arn:aws:iam::000000000000:user/AKIDEXAMPLE`. */
  readonly principalArn: string;
  /** What the principal may do. */
  readonly policy: Policy;
}

/** An access key with its id, as keys are configured. */
export interface ConfiguredKey extends AccessKey {
  readonly accessKeyId: string;
}

/** Looks access keys up. Asked on every request, so a new key counts at once. */
export interface Credentials {
  find(accessKeyId: string): AccessKey | undefined;
}
