/** Engines that can be asked for; `auto` is the best one there is. */
export const ENGINES = ['auto', 'flat', 'hnsw', 'hnswlib'] as const;
export type EngineName = (typeof ENGINES)[number];

/** The tag of a collection that says how it is searched, such as `hnsw m=32 ef=640`. */
export const ENGINE_TAG = 'likeness:engine';

/** What may be set beside the engine, and between which bounds. */
const BOUNDS = {
  /** Vectors of a kind up to which a search scans them all. */
  flat: [0, 100_000_000],
  /** Links of a vector and level of a graph. */
  m: [2, 64],
  /** Candidates looked at for an insert into a graph. */
  efConstruction: [1, 65_536],
  /** Candidates a search of a graph begins with. */
  ef: [1, 65_536],
} as const satisfies Record<string, readonly [number, number]>;

type Setting = keyof typeof BOUNDS;

/** How one collection is searched; what is missing is as the service is set. */
export type SearchSettings = { engine: EngineName } & { [S in Setting]?: number };

const isSetting = (name: string): name is Setting => Object.hasOwn(BOUNDS, name);

/** Reads the value of the tag; throws a RangeError that says what was expected. */
export function parseSearchSettings(text: string): SearchSettings {
  const [engine, ...others] = text.trim().split(/\s+/);
  const known = ENGINES.find((name) => name === engine);
  if (!known)
    throw new RangeError(`${quoted(engine)} is no engine; expected ${ENGINES.join(', ')}`);
  const settings: SearchSettings = { engine: known };
  for (const other of others) {
    const [, name = '', digits] = /^(\w+)=(\d{1,9})$/.exec(other) ?? [];
    if (!isSetting(name))
      throw new RangeError(
        `${quoted(other)} is no setting; expected ${Object.keys(BOUNDS).join('=, ')}= and a whole number`,
      );
    if (settings[name] !== undefined) throw new RangeError(`${name} is set twice`);
    const [least, most] = BOUNDS[name];
    const value = Number(digits);
    if (value < least || value > most)
      throw new RangeError(`${name} is ${value}, expected ${least} to ${most}`);
    settings[name] = value;
  }
  return settings;
}

const quoted = (text = ''): string => JSON.stringify(text.slice(0, 64));
