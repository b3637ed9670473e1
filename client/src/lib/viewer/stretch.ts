/** From values to brightness: which values are black and white, and how those between are spread. */

export const STRETCHES = ["linear", "sqrt", "asinh", "log"] as const;
export type Stretch = (typeof STRETCHES)[number];
export const MODES = ["zscale", "99.9", "99.5", "99", "95", "minmax", "hand"] as const;
export type Mode = (typeof MODES)[number];

export interface Limits {
  readonly low: number;
  readonly high: number;
}

const CURVES: Record<Stretch, (t: number) => number> = {
  linear: (t) => t,
  sqrt: Math.sqrt,
  asinh: (t) => Math.asinh(10 * t) / Math.asinh(10),
  log: (t) => Math.log1p(1000 * t) / Math.log1p(1000),
};

/** Brightness from 0 to 1 of a value from 0 (black) to 1 (white). */
export const curve = (stretch: Stretch, t: number): number => CURVES[stretch](t);

/** At most so many finite values, evenly spread over the image, in order of size. */
export function sortedSample(pixels: Float32Array, most = 100_000): Float32Array {
  const step = Math.max(1, pixels.length / most);
  const taken = new Float32Array(Math.min(pixels.length, most));
  let n = 0;
  for (let at = 0; at < pixels.length && n < taken.length; at += step) {
    const value = pixels[Math.floor(at)] ?? NaN;
    if (Number.isFinite(value)) taken[n++] = value;
  }
  return taken.subarray(0, n).sort();
}

/** Limits by a mode, of values in order of size. By hand there are none to find: then all values. */
export function limitsOf(sorted: Float32Array, mode: Mode): Limits {
  if (sorted.length === 0) return { low: 0, high: 1 };
  const found = mode === "zscale" ? zscale(sorted) : percentiles(sorted, mode === "minmax" || mode === "hand" ? 100 : Number(mode));
  return found.high > found.low ? found : widened(found.low);
}

/** The middle so many percent of the values. */
function percentiles(sorted: Float32Array, percent: number): Limits {
  const outside = (100 - percent) / 200;
  return { low: quantile(sorted, outside), high: quantile(sorted, 1 - outside) };
}

/** Between the two nearest values, as numpy's percentile. */
export function quantile(sorted: Float32Array, part: number): number {
  const at = part * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)] ?? NaN, sorted[Math.ceil(at)] ?? NaN];
  return below + (above - below) * (at % 1);
}

const [CONTRAST, ROUNDS, REJECT_SIGMA, LEAST_PART] = [0.25, 5, 2.5, 0.5] as const;

/**
 * The limits of IRAF's display: a line through the values in order of size, without those far off it, widened around the
 * median by one over the contrast; never beyond the values there are.
 */
function zscale(sorted: Float32Array): Limits {
  const n = sorted.length;
  const all = { low: sorted[0] ?? 0, high: sorted[n - 1] ?? 1 };
  const middle = Math.floor((n - 1) / 2);
  const fit = fitLine(sorted);
  if (!fit) return all;
  const median = quantile(sorted, 0.5);
  const slope = fit / CONTRAST;
  return { low: Math.max(all.low, median - slope * (middle - 1)), high: Math.min(all.high, median + slope * (n - middle)) };
}

/** Slope, values per rank, of a line through values by their rank; undefined when too few lie near one. */
function fitLine(sorted: Float32Array): number | undefined {
  const n = sorted.length;
  let good = new Uint8Array(n).fill(1);
  let [left, slope] = [n, 0];
  const least = Math.max(5, n * LEAST_PART);
  for (let round = 0; round < ROUNDS; round += 1) {
    let [s1, sx, sy, sxx, sxy] = [0, 0, 0, 0, 0];
    for (let i = 0; i < n; i += 1) {
      if (!good[i]) continue;
      const [x, y] = [i, sorted[i] ?? 0];
      [s1, sx, sy, sxx, sxy] = [s1 + 1, sx + x, sy + y, sxx + x * x, sxy + x * y];
    }
    const scale = s1 * sxx - sx * sx;
    if (!(scale > 0)) return undefined;
    slope = (s1 * sxy - sx * sy) / scale;
    const offset = (sy - slope * sx) / s1;
    const away = (i: number): number => (sorted[i] ?? 0) - (offset + slope * i);
    let [sum, squares] = [0, 0];
    for (let i = 0; i < n; i += 1) if (good[i]) [sum, squares] = [sum + away(i), squares + away(i) ** 2];
    const bound = REJECT_SIGMA * Math.sqrt(Math.max(0, squares / s1 - (sum / s1) ** 2));
    const before = left;
    good = grown(good.map((kept, i) => (kept && Math.abs(away(i)) <= bound ? 1 : 0)), Math.max(1, Math.floor(n * 0.01)));
    left = good.reduce((count, each) => count + each, 0);
    if (left < least) return undefined;
    if (left === before) break;
  }
  return slope;
}

/** Neighbours in rank of a value that is rejected go too. */
function grown(good: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const kept = new Uint8Array(good);
  const [before, after] = [Math.floor((width - 1) / 2), Math.floor(width / 2)];
  let last = -Infinity;
  for (let i = 0; i < good.length; i += 1) {
    if (!good[i]) last = i;
    if (i - last <= after) kept[i] = 0;
  }
  last = Infinity;
  for (let i = good.length - 1; i >= 0; i -= 1) {
    if (!good[i]) last = i;
    if (last - i <= before) kept[i] = 0;
  }
  return kept;
}

function widened(value: number): Limits {
  const half = Math.max(Math.abs(value) * 1e-3, 1e-6);
  return { low: value - half, high: value + half };
}

/** How many values lie in each of so many bins from `low` to `high`. */
export function histogram(sorted: Float32Array, { low, high }: Limits, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const value of sorted) {
    const at = Math.floor(((value - low) / (high - low)) * bins);
    if (at >= 0 && (at < bins || value === high)) counts[Math.min(at, bins - 1)] = (counts[Math.min(at, bins - 1)] ?? 0) + 1;
  }
  return counts;
}
