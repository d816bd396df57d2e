/**
 * The wire shapes of the API, as data. Validator, reply writer, command line, console and documentation
 * all read these; nobody repeats a limit. Source: the published service model (botocore 1.43.67).
 */
export type Shape =
  | StringShape
  | EnumShape
  | NumberShape
  | BooleanShape
  | BlobShape
  | TimestampShape
  | ListShape
  | MapShape
  | StructureShape;

export interface StringShape {
  readonly kind: 'string';
  /** Length bounds in Unicode characters. */
  readonly min?: number;
  readonly max?: number;
  /**
   * The model's own text, printed in error messages. It means a full match (Java `matches`) and is
   * compiled with the `u` flag; every pattern of the model is valid and means the same there.
   */
  readonly pattern?: string;
}

/** A string of a closed set. Clients pass values they do not know through. */
export interface EnumShape {
  readonly kind: 'enum';
  readonly values: readonly string[];
  /** Values this service adds in replies where the model has no name for the case. */
  readonly own: readonly string[];
}

/** `integer` is 32 bits, `long` a whole number up to 2^53, `float` a float32. Bounds are inclusive. */
export interface NumberShape {
  readonly kind: 'integer' | 'long' | 'float';
  readonly min?: number;
  readonly max?: number;
}

export interface BooleanShape {
  readonly kind: 'boolean';
}

/** Bytes; base64 on the wire. Bounds count bytes. */
export interface BlobShape {
  readonly kind: 'blob';
  readonly min?: number;
  readonly max?: number;
}

/** Epoch milliseconds in the program, epoch seconds with a fraction on the wire. */
export interface TimestampShape {
  readonly kind: 'timestamp';
}

export interface ListShape {
  readonly kind: 'list';
  readonly of: Shape;
  readonly min?: number;
  readonly max?: number;
}

export interface MapShape {
  readonly kind: 'map';
  readonly key: StringShape;
  readonly value: Shape;
  readonly min?: number;
  readonly max?: number;
}

/** Members stand in model order: the order of replies and of the faults in a ValidationException. */
export interface StructureShape {
  readonly kind: 'structure';
  readonly members: Members;
}

export type Members = Readonly<Record<string, Member>>;

export interface Member {
  readonly shape: Shape;
  readonly required: boolean;
}

/** One operation of the API. Its name is its key in `OPERATIONS`. */
export interface OperationModel {
  readonly input: StructureShape;
  readonly output: StructureShape;
  /** The exceptions the model declares; ValidationException and the like come on top. */
  readonly errors: readonly string[];
  /** The input member that makes a repeated request recognisable. */
  readonly idempotencyToken?: string;
  /** What the API documents for input members that are left out. */
  readonly defaults?: Readonly<Record<string, unknown>>;
}

/** What every operation can answer. */
export const COMMON_ERRORS = [
  'InvalidParameterException',
  'AccessDeniedException',
  'InternalServerError',
  'ThrottlingException',
  'ProvisionedThroughputExceededException',
] as const;

export const required = <const S extends Shape>(shape: S) => ({ shape, required: true }) as const;
export const optional = <const S extends Shape>(shape: S) => ({ shape, required: false }) as const;

export const structure = <const M extends Members>(members: M) =>
  ({ kind: 'structure', members }) as const;

export const list = <const S extends Shape>(of: S, bounds: Bounds = {}) =>
  ({ kind: 'list', of, ...bounds }) as const;

export const enumeration = <
  const V extends readonly string[],
  const W extends readonly string[] = readonly [],
>(
  values: V,
  own?: W,
): EnumOf<V[number] | W[number]> => ({ kind: 'enum', values, own: own ?? [] });

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}
interface EnumOf<V extends string> extends EnumShape {
  readonly values: readonly V[];
  readonly own: readonly V[];
}

type RequiredKey<M extends Members> = {
  [K in keyof M]: M[K]['required'] extends true ? K : never;
}[keyof M];

type Fields<M extends Members, Absent> = {
  readonly [K in RequiredKey<M>]: Value<M[K]['shape'], Absent>;
} & {
  readonly [K in Exclude<keyof M, RequiredKey<M>>]?: Value<M[K]['shape'], Absent> | Absent;
};

type Flat<T> = { [K in keyof T]: T[K] };

type Value<S extends Shape, Absent> = S extends { kind: 'string' }
  ? string
  : S extends { kind: 'enum'; values: readonly (infer V)[] }
    ? V
    : S extends { kind: 'integer' | 'long' | 'float' | 'timestamp' }
      ? number
      : S extends { kind: 'boolean' }
        ? boolean
        : S extends { kind: 'blob' }
          ? Uint8Array
          : S extends { kind: 'list'; of: infer I extends Shape }
            ? readonly Value<I, Absent>[]
            : S extends { kind: 'map'; value: infer I extends Shape }
              ? Readonly<Record<string, Value<I, Absent>>>
              : S extends { kind: 'structure'; members: infer M extends Members }
                ? keyof M extends never
                  ? Readonly<Record<string, never>>
                  : Flat<Fields<M, Absent>>
                : never;

/** The type a validated request of this shape has: a member that was left out is not there. */
export type Input<S extends Shape> = Value<S, never>;

/** The type a reply of this shape is made from: an undefined member is left out on the wire. */
export type Output<S extends Shape> = Value<S, undefined>;
