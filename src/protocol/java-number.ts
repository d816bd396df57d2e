/** Outside this range Java prints floating-point numbers with an exponent (JDK, Double.toString). */
const PLAIN_FROM = 1e-3;
const PLAIN_BELOW = 1e7;

/** Enough decimal digits to tell any two float32 values apart. */
const FLOAT32_DIGITS = 9;

/**
 * A number as Java's `Double.toString` prints it, which is what the real service puts on the wire for
 * floats and timestamps: `100.0`, `99.99999237060547`, `1.533422155042E9`.
 */
export function javaDouble(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : infinity(value);
  if (Object.is(value, -0)) return '-0.0';
  const size = Math.abs(value);
  if (size === 0 || (size >= PLAIN_FROM && size < PLAIN_BELOW)) {
    const digits = String(value);
    return digits.includes('.') ? digits : `${digits}.0`;
  }
  const shortest = value.toExponential();
  // Java prints two digits at least, and of those the nearest: 4.9E-324 where JavaScript says 5e-324.
  const printed = shortest.includes('.') ? shortest : value.toExponential(1);
  return printed.replace(/e\+?/, 'E');
}

/**
 * A float32 as Java's `Float.toString` prints it: the fewest digits, two at least, that still name this
 * float32. Error
 * messages show floats so; replies show them widened to double.
 */
export function javaFloat(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return javaDouble(value);
  for (let digits = 2; digits < FLOAT32_DIGITS; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return javaDouble(short);
  }
  return javaDouble(Number(value.toPrecision(FLOAT32_DIGITS)));
}

const infinity = (value: number): string => (value > 0 ? 'Infinity' : '-Infinity');
