import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { javaDouble, javaFloat } from '../../src/protocol/java-number.js';

it.each([
  [0, '0.0'],
  [-0, '-0.0'],
  [100, '100.0'],
  [-1, '-1.0'],
  [0.1, '0.1'],
  [0.001, '0.001'],
  [0.0009, '9.0E-4'],
  [7.7486038208008e-5, '7.7486038208008E-5'],
  [9_999_999, '9999999.0'],
  [10_000_000, '1.0E7'],
  [1_533_422_155.042, '1.533422155042E9'],
  [1e22, '1.0E22'],
  [1e-300, '1.0E-300'],
  [Number.MIN_VALUE, '4.9E-324'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
  [Number.NEGATIVE_INFINITY, '-Infinity'],
])('prints the double %d as %s', (value, text) => {
  expect(javaDouble(value)).toBe(text);
});

it.each([
  [101, '101.0'],
  [100.1, '100.1'],
  [99.99999, '99.99999'],
  [1 / 3, '0.33333334'],
  [16_777_216, '1.6777216E7'],
  [3.4028234663852886e38, '3.4028235E38'],
  [1.401298464324817e-45, '1.4E-45'],
])('prints the float nearest to %d as %s', (value, text) => {
  expect(javaFloat(Math.fround(value))).toBe(text);
});

it('prints doubles that JSON reads back unchanged', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = javaDouble(value);
      expect(text).toMatch(/^-?\d+\.\d+(E-?\d+)?$/);
      expect(Object.is(JSON.parse(text), value)).toBe(true);
    }),
  );
});

it('prints floats with the fewest digits, two at least, that name the same float32', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = javaFloat(value);
      expect(Object.is(Math.fround(Number(text)), value)).toBe(true);
      const digits = text.replace(/E.*|[-.]/g, '').replace(/^0+|0+$/g, '').length;
      const shorter = digits > 2 ? Math.fround(Number(value.toPrecision(digits - 1))) : undefined;
      expect(shorter).not.toBe(value);
    }),
  );
});
