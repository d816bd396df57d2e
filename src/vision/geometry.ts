/** A position in pixels; the centre of the top left pixel is (0.5, 0.5). */
export type Point = readonly [x: number, y: number];

/** Maps (u, v) to (a·u + b·v + c, d·u + e·v + f), in pixels. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** An upright rectangle in pixels. */
export interface Rect {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Applies an affine map to a point. */
export const mapPoint = ([a, b, c, d, e, f]: Affine, [u, v]: Point): Point => [
  a * u + b * v + c,
  d * u + e * v + f,
];

/** First `inner`, then `outer`. */
export function compose(outer: Affine, inner: Affine): Affine {
  const [a, b, , d, e] = outer;
  const [p, q, r, s, t, u] = inner;
  const [x, y] = mapPoint(outer, [r, u]);
  return [a * p + b * s, a * q + b * t, x, d * p + e * s, d * q + e * t, y];
}

/** How many source pixels one target pixel spans along a line. */
export const scaleOf = ([a, b, , d, e]: Affine): number => Math.sqrt(Math.abs(a * e - b * d));

/** The map from a `canvas`×`canvas` square to a square of side `side` around `centre`, turned by `angle` (radians, clockwise). */
export function squareView(canvas: number, centre: Point, side: number, angle = 0): Affine {
  const scale = side / canvas;
  const cos = scale * Math.cos(angle);
  const sin = scale * Math.sin(angle);
  const half = canvas / 2;
  return [cos, -sin, centre[0] - (cos - sin) * half, sin, cos, centre[1] - (sin + cos) * half];
}

const area = (rect: Rect): number =>
  Math.max(0, rect.right - rect.left) * Math.max(0, rect.bottom - rect.top);

function intersection(a: Rect, b: Rect): number {
  return area({
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  });
}

/** Shared area over united area, 0–1. */
export function overlap(a: Rect, b: Rect): number {
  const shared = intersection(a, b);
  return shared === 0 ? 0 : shared / (area(a) + area(b) - shared);
}

/** The share of the smaller rectangle that lies inside the other, 0–1. */
export function containment(a: Rect, b: Rect): number {
  const smaller = Math.min(area(a), area(b));
  return smaller === 0 ? 0 : intersection(a, b) / smaller;
}

/** Non-maximum suppression: keeps the best of every group of items that `same` says are one. Best first. */
export function suppress<T>(
  items: readonly T[],
  scoreOf: (item: T) => number,
  same: (kept: T, item: T) => boolean,
): T[] {
  const kept: T[] = [];
  for (const item of items.toSorted((a, b) => scoreOf(b) - scoreOf(a)))
    if (!kept.some((better) => same(better, item))) kept.push(item);
  return kept;
}

/**
 * The similarity transform (turn, scale, shift) that takes `template` to `points` with the least squared
 * error; it maps template pixels to image pixels (Umeyama 1991, two dimensions, no reflection).
 */
export function similarityTransform(template: readonly Point[], points: readonly Point[]): Affine {
  const [tx, ty] = mean(template);
  const [px, py] = mean(points);
  let along = 0;
  let across = 0;
  let spread = 0;
  for (const [index, [x, y]] of template.entries()) {
    const point = points[index];
    if (!point) throw new RangeError('template and points must have the same length');
    const [u, v] = [x - tx, y - ty];
    const [s, t] = [point[0] - px, point[1] - py];
    along += u * s + v * t;
    across += u * t - v * s;
    spread += u * u + v * v;
  }
  const a = along / spread;
  const b = across / spread;
  return [a, -b, px - a * tx + b * ty, b, a, py - b * tx - a * ty];
}

/** The mean of some points. */
export function mean(points: readonly Point[]): Point {
  let x = 0;
  let y = 0;
  for (const point of points) {
    x += point[0];
    y += point[1];
  }
  return [x / points.length, y / points.length];
}
