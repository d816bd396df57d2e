import type { Kernel } from './kernels.js';

/** How far the squared length of a unit vector may be from 1; float32 rounding of 1024 floats is 1e-6. */
const UNIT_TOLERANCE = 2e-3;

/** Checks vectors of one dimension at the border of this part: length, finite numbers, unit length. */
export type UnitCheck = (vector: Float32Array, what: string) => void;

/**
 * Makes the check for one dimension. It throws a RangeError that says what was expected and what
 * came; a caller's input never reaches it unchecked, so such an error is a bug.
 */
export function unitCheck(kernel: Kernel, dimension: number): UnitCheck {
  const squared = new Float32Array(1);
  return (vector, what) => {
    if (vector.length !== dimension)
      throw new RangeError(`${what} has dimension ${vector.length}, expected ${dimension}`);
    // A float that is not finite makes the sum so, too.
    kernel.dotMany(vector, vector, squared);
    if (!(Math.abs(squared[0]! - 1) <= UNIT_TOLERANCE))
      throw new RangeError(`${what} has squared length ${squared[0]}, expected a unit vector`);
  };
}
