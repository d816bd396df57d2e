import { matchesAction, matchesResource } from './match.js';

/** Patterns of one kind; negated ones cover what none of them matches (NotAction, NotResource). */
export interface Patterns {
  readonly patterns: readonly string[];
  readonly negated: boolean;
}

export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly actions: Patterns;
  readonly resources: Patterns;
}

/** What a principal may do: the meaning of an IAM identity policy. */
export interface Policy {
  readonly statements: readonly Statement[];
}

const EVERYTHING: Patterns = { patterns: ['*'], negated: false };

export const ADMINISTRATOR: Policy = {
  statements: [{ effect: 'Allow', actions: EVERYTHING, resources: EVERYTHING }],
};

/** A principal without a policy may do nothing. */
export const NOTHING: Policy = { statements: [] };

/**
 * True when some statement allows the action (such as `rekognition:SearchFaces`) on the resource (an ARN, or
 * `*` for what concerns none) and no statement denies it.
 */
export function allows({ statements }: Policy, action: string, resource: string): boolean {
  const effects = statements
    .filter(
      ({ actions, resources }) =>
        covers(actions, (pattern) => matchesAction(pattern, action)) &&
        covers(resources, (pattern) => matchesResource(pattern, resource)),
    )
    .map(({ effect }) => effect);
  return effects.includes('Allow') && !effects.includes('Deny');
}

const covers = ({ patterns, negated }: Patterns, match: (pattern: string) => boolean): boolean =>
  patterns.some(match) !== negated;
