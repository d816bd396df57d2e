const ARN_FIELDS = 6;

/** True when a pattern covers a whole text: `*` stands for any characters, `?` for one. Case counts. */
export function matches(pattern: string, text: string): boolean {
  let [at, star, retry] = [0, -1, 0];
  let i = 0;
  // Every mismatch goes back to the last star only: no pattern can make this take long.
  while (i < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      retry = i;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[i])) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++retry;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

/**
 * True when a resource pattern covers a resource. Fields of an ARN are compared one by one, so that a
 * wildcard reaches past a colon in the last field only; missing fields count as `*` (IAM User Guide,
 * "Using wildcards in resource ARNs").
 */
export function matchesResource(pattern: string, resource: string): boolean {
  if (pattern === '*') return true;
  if (resource === '*') return false;
  const wanted = arnFields(pattern);
  return arnFields(resource).every((field, i) => matches(wanted[i] ?? '*', field));
}

/** Action patterns are compared without regard to case, as IAM does; both are plain ASCII. */
export const matchesAction = (pattern: string, action: string): boolean =>
  matches(pattern.toLowerCase(), action.toLowerCase());

function arnFields(arn: string): string[] {
  const fields = arn.split(':');
  return fields.length <= ARN_FIELDS
    ? fields
    : [...fields.slice(0, ARN_FIELDS - 1), fields.slice(ARN_FIELDS - 1).join(':')];
}
