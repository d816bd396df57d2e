/** The parts of an Authorization header, as sent. A part that is missing or given twice is undefined. */
export interface Authorization {
  /** The first word; only `AWS4-HMAC-SHA256` is supported. */
  readonly algorithm: string;
  /** `keyid/date/region/service/aws4_request`. */
  readonly credential: string | undefined;
  /** Lower-case names joined with `;`. */
  readonly signedHeaders: string | undefined;
  /** 64 hex digits. */
  readonly signature: string | undefined;
}

/** Splits `ALGORITHM Credential=…, SignedHeaders=…, Signature=…`; commas and blanks both separate parts. */
export function parseAuthorization(header: string): Authorization {
  const [algorithm = '', ...parts] = header.split(/[, \t]+/);
  const one = (name: string): string | undefined => {
    const found = parts.filter((part) => part.startsWith(`${name}=`));
    const value = found[0]?.slice(name.length + 1);
    return found.length === 1 && value !== '' ? value : undefined;
  };
  return {
    algorithm,
    credential: one('Credential'),
    signedHeaders: one('SignedHeaders'),
    signature: one('Signature'),
  };
}
