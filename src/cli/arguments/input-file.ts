import { Lexer, parseDocument } from 'yaml';
import { optionError } from '../errors.js';
import { JsonSyntaxError, readJson } from '../python/json-reader.js';
import { type Dict, isDict, Moment, typeName, type Value } from '../python/value.js';

/** Reads the whole input of an operation from JSON or YAML; `content` is text or, from `fileb://`, bytes. */
export function readInput(format: 'json' | 'yaml', content: string | Uint8Array): Dict {
  const text = typeof content === 'string' ? content : Buffer.from(content).toString('utf8');
  const value = format === 'json' ? readJsonInput(text) : readYamlInput(text);
  if (isDict(value)) return value;
  throw optionError(
    `--cli-input-${format}`,
    `Invalid type: expecting map, received <class '${typeName(value)}'>`,
  );
}

function readJsonInput(text: string): Value {
  try {
    return readJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError)
      throw optionError('cli-input-json', 'Invalid JSON received.');
    throw error;
  }
}

/** YAML 1.2, where dates are dates: a wrong type is then reported as such, and not sent as text. */
function readYamlInput(text: string): Value {
  try {
    refuseTabs(text);
    const document = parseDocument(text, {
      version: '1.2',
      schema: 'core',
      intAsBigInt: true,
      merge: true,
      customTags: (tags) => [DATE_TAG, UNDERSCORED, 'binary', ...tags],
    });
    // A tag nobody knows is a warning here and an error there.
    const [fault] = [...document.errors, ...document.warnings];
    if (fault) throw fault;
    return fromYaml(document.toJS({ mapAsMap: true }));
  } catch {
    throw optionError('cli-input-yaml', 'Invalid YAML received.');
  }
}

/** The lexer's mark before a scalar that is not quoted. */
const SCALAR = '\u001f';

/** The AWS CLI's reader takes a tab within quotes, in block scalars and in comments, and nowhere else. */
function refuseTabs(text: string): void {
  if (!text.includes('\t')) return;
  let [isScalar, isBlock] = [false, false];
  for (const token of new Lexer().lex(text)) {
    const isTab = isScalar ? !isBlock && token.includes('\t') : /^ *\t[ \t]*$/.test(token);
    if (isTab) throw new SyntaxError('a tab that cannot start any token');
    if (/^[|>]/.test(token) && !isScalar) isBlock = true;
    else if (isScalar) isBlock = false;
    isScalar = token === SCALAR;
  }
}

const DATE_TAG = {
  tag: 'tag:yaml.org,2002:timestamp',
  default: true,
  test: /^\d{4}-\d\d-\d\d$|^\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?$/,
  resolve: (text: string): Moment =>
    /^\d{4}-\d\d-\d\d$/.test(text)
      ? new Moment('datetime.date', text)
      : new Moment('datetime.datetime', text.replace(/[Tt]|[ \t]+/, 'T')),
} as const;

/** `1_000`: an integer for the AWS CLI's reader. */
const UNDERSCORED = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?\d+_[\d_]*$/,
  resolve: (text: string): bigint => BigInt(text.replaceAll(/[_+]/g, '')),
} as const;

function fromYaml(value: unknown): Value {
  if (value instanceof Map)
    return new Map([...value].map(([key, item]) => [String(key), fromYaml(item)] as const));
  if (Array.isArray(value)) return value.map(fromYaml);
  return (value ?? null) as Value;
}
