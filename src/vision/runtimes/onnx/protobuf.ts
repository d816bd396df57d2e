/** A field of a protobuf message, encoded: tag and value. See protobuf.dev/programming-guides/encoding. */
export type Field = Uint8Array;

const WIRE = { varint: 0, bytes: 2, fixed32: 5 } as const;

function varint(value: number | bigint): Uint8Array {
  const groups: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    groups.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(groups);
}

const tag = (field: number, wire: number): Uint8Array => varint((field << 3) | wire);

/** An integer; negative ones as protobuf's int64. */
export const integer = (field: number, value: number): Field =>
  Buffer.concat([tag(field, WIRE.varint), varint(value)]);

/** A float. */
export function float(field: number, value: number): Field {
  const content = Buffer.alloc(4);
  content.writeFloatLE(value);
  return Buffer.concat([tag(field, WIRE.fixed32), content]);
}

/** A text, raw bytes or a nested message. */
export function bytes(field: number, value: string | Uint8Array): Field {
  const content = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([tag(field, WIRE.bytes), varint(content.length), content]);
}

/** Fields one after the other: a message. */
export const message = (...fields: readonly (Field | readonly Field[])[]): Uint8Array =>
  Buffer.concat(fields.flat());
