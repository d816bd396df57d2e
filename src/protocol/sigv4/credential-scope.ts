import { ApiError } from '../../errors.js';

export const SERVICE = 'rekognition';
const TERMINATOR = 'aws4_request';
const REGION = /^[A-Za-z0-9-]{1,64}$/;

/** The parts of `keyid/date/region/service/aws4_request`. */
export interface CredentialScope {
  readonly accessKeyId: string;
  /** YYYYMMDD. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly terminator: string;
}

/**
 * Takes a credential apart and refuses one that is not for this service, day or region; every sentence
 * that applies is listed. `time` is the request's X-Amz-Date. No `regions` means any.
 */
export function readCredentialScope(
  credential: string,
  time: string,
  regions: readonly string[],
): CredentialScope {
  const parts = credential.split('/');
  const [accessKeyId = '', date = '', region = '', service = '', terminator = ''] = parts;
  const faults: string[] = [];
  if (parts.length !== 5) {
    faults.push(
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential}'`,
    );
  } else {
    if (!(REGION.test(region) && (regions.length === 0 || regions.includes(region))))
      faults.push(`Credential should be scoped to a valid region, not '${region}'. `);
    if (service !== SERVICE)
      faults.push(`Credential should be scoped to correct service: '${SERVICE}'. `);
    if (terminator !== TERMINATOR)
      faults.push(
        `Credential should be scoped with a valid terminator: '${TERMINATOR}', not '${terminator}'. `,
      );
    if (date !== time.slice(0, 8))
      faults.push(
        `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date}' != '${time.slice(0, 8)}', from '${time}'.`,
      );
  }
  if (faults.length > 0) throw new ApiError('InvalidSignatureException', faults.join(''));
  return { accessKeyId, date, region, service, terminator };
}
