import { ApiError } from '../errors.js';
import type { ListShape, MapShape, Member, Shape, StructureShape } from '../model/shapes.js';
import { type Constraint, constraintsOf, NOT_NULL } from './constraints.js';
import { printValue } from './print-value.js';

/** AWS lists no more faults than this, and counts only the ones it lists. */
const MAX_FAULTS = 10;

/** Throws ValidationException when a parsed input breaks a constraint. */
export type Validate = (input: Readonly<Record<string, unknown>>) => void;

type Check = (value: unknown, path: string, faults: string[]) => void;

/**
 * Builds the validator of one input shape. Its text is AWS's to the byte (contract section 2): faults in
 * model order, members with a lower first letter, list elements judged together.
 */
export function createValidator(shape: StructureShape): Validate {
  const check = checkOf(shape);
  return (input) => {
    const faults: string[] = [];
    check(input, '', faults);
    if (faults.length > 0) throw new ApiError('ValidationException', report(faults));
  };
}

function report(faults: readonly string[]): string {
  const noun = faults.length === 1 ? 'error' : 'errors';
  return `${faults.length} validation ${noun} detected: ${faults.join('; ')}`;
}

function checkOf(shape: Shape): Check {
  const own = constraintsOf(shape);
  const inner = innerCheckOf(shape);
  return (value, path, faults) => {
    for (const rule of own)
      if (!rule.holds(value)) addFault(faults, { shape, value, path, phrase: rule.phrase });
    inner?.(value, path, faults);
  };
}

function innerCheckOf(shape: Shape): Check | undefined {
  switch (shape.kind) {
    case 'structure':
      return structureCheck(shape);
    case 'list':
      return listCheck(shape);
    case 'map':
      return mapCheck(shape);
    case 'string':
    case 'enum':
    case 'integer':
    case 'long':
    case 'float':
    case 'boolean':
    case 'blob':
    case 'timestamp':
    default:
      return undefined;
  }
}

function structureCheck({ members }: StructureShape): Check {
  const checks = Object.entries(members).map(([name, member]) => memberCheck(name, member));
  return (value, path, faults) => {
    for (const check of checks) check(value, path, faults);
  };
}

function memberCheck(name: string, { shape, required }: Member): Check {
  const check = checkOf(shape);
  const printed = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
  return (parent, parentPath, faults) => {
    if (faults.length >= MAX_FAULTS) return;
    const path = parentPath === '' ? printed : `${parentPath}.${printed}`;
    const members = parent as Record<string, unknown>;
    const value = Object.hasOwn(members, name) ? members[name] : undefined;
    if (NOT_NULL.holds(value)) check(value, path, faults);
    else if (required) addFault(faults, { shape, value, path, phrase: NOT_NULL.phrase });
  };
}

/** Elements with rules of their own are judged together: one fault that shows the whole list. */
function listCheck(shape: ListShape): Check {
  const rules = constraintsOf(shape.of);
  const inner = innerCheckOf(shape.of);
  return (value, path, faults) => {
    const items = value as unknown[];
    const phrase = broken(rules, items, 'Member must satisfy constraint');
    if (phrase !== undefined) addFault(faults, { shape, value, path, phrase });
    if (!inner) return;
    for (const [index, item] of items.entries()) {
      if (faults.length >= MAX_FAULTS) return;
      if (item !== null) inner(item, `${path}.${index + 1}.member`, faults);
    }
  };
}

function mapCheck(shape: MapShape): Check {
  const keyRules = constraintsOf(shape.key);
  const valueRules = constraintsOf(shape.value);
  const inner = innerCheckOf(shape.value);
  return (value, path, faults) => {
    const map = value as Record<string, unknown>;
    const phrases = [
      broken(keyRules, Object.keys(map), 'Map keys must satisfy constraint'),
      broken(valueRules, Object.values(map), 'Map value must satisfy constraint'),
    ];
    for (const phrase of phrases)
      if (phrase !== undefined) addFault(faults, { shape, value, path, phrase });
    if (!inner) return;
    for (const [key, item] of Object.entries(map)) {
      if (faults.length >= MAX_FAULTS) return;
      if (item !== null) inner(item, `${path}.${key}.member`, faults);
    }
  };
}

/** The bracketed phrase that names every rule of the elements, when one of them breaks one. */
function broken(
  rules: readonly Constraint[],
  items: readonly unknown[],
  phrase: string,
): string | undefined {
  const hasNull = items.includes(null);
  if (!hasNull && items.every((item) => rules.every((rule) => rule.holds(item)))) return undefined;
  const named = hasNull ? [...rules, NOT_NULL] : rules;
  return `${phrase}: [${named.map((rule) => rule.phrase).join(', ')}]`;
}

interface Fault {
  shape: Shape;
  value: unknown;
  path: string;
  phrase: string;
}

function addFault(faults: string[], { shape, value, path, phrase }: Fault): void {
  if (faults.length >= MAX_FAULTS) return;
  const printed = value === undefined ? 'null' : `'${printValue(shape, value)}'`;
  faults.push(`Value ${printed} at '${path}' failed to satisfy constraint: ${phrase}`);
}
