/** What is measured on pixels: statistics, profiles, and how wide a star is. */

export interface Statistics {
  readonly n: number;
  readonly mean: number;
  readonly median: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
}

export type Sample = (x: number, y: number) => number;

export interface Star {
  readonly x: number;
  readonly y: number;
  /** Full width at half maximum, px, of a round Gaussian above a flat sky. */
  readonly fwhm: number;
  readonly peak: number;
  readonly sky: number;
  /** Distance from the middle, px, and value of each pixel that was used. */
  readonly points: readonly (readonly [number, number])[];
}

const FWHM_PER_SIGMA = 2 * Math.sqrt(2 * Math.log(2));
const ROUNDS = 60;

/** Of finite values; the standard deviation is that of the values themselves (over n). */
export function statistics(parts: readonly Float32Array[]): Statistics | undefined {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let [n, total] = [0, 0];
  for (const part of parts) {
    for (const value of part) {
      if (!Number.isFinite(value)) continue;
      all[n++] = value;
      total += value;
    }
  }
  if (n === 0) return undefined;
  const values = all.subarray(0, n).sort();
  const mean = total / n;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  const median = ((values[Math.floor((n - 1) / 2)] ?? NaN) + (values[Math.ceil((n - 1) / 2)] ?? NaN)) / 2;
  return { n, mean, median, std: Math.sqrt(squares / n), min: values[0] ?? NaN, max: values[n - 1] ?? NaN };
}

/** Values along a line, a pixel apart, between the four nearest: distance from its start, px, and value. */
export function lineProfile(sample: Sample, from: { x: number; y: number }, to: { x: number; y: number }): [number, number][] {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const steps = Math.max(1, Math.round(length));
  return Array.from({ length: steps + 1 }, (_, i) => {
    const t = i / steps;
    return [t * length, bilinear(sample, from.x + (to.x - from.x) * t, from.y + (to.y - from.y) * t)];
  });
}

function bilinear(sample: Sample, x: number, y: number): number {
  const [i, j] = [Math.floor(x), Math.floor(y)];
  const [t, s] = [x - i, y - j];
  const corners = [[i, j, (1 - t) * (1 - s)], [i + 1, j, t * (1 - s)], [i, j + 1, (1 - t) * s], [i + 1, j + 1, t * s]] as const;
  return corners.reduce((sum, [x0, y0, weight]) => (weight === 0 ? sum : sum + weight * sample(x0, y0)), 0);
}

/** A star near a place: a round Gaussian and a flat sky, fitted to the pixels within `radius` of it. */
export function measureStar(sample: Sample, near: { x: number; y: number }, radius: number): Star | undefined {
  const start = brightest(sample, near, Math.min(radius / 2, 6));
  if (!start) return undefined;
  const used: [number, number, number][] = [];
  for (let y = Math.ceil(start.y - radius); y <= start.y + radius; y += 1) {
    for (let x = Math.ceil(start.x - radius); x <= start.x + radius; x += 1) {
      const value = sample(x, y);
      if (Math.hypot(x - start.x, y - start.y) <= radius && Number.isFinite(value)) used.push([x, y, value]);
    }
  }
  if (used.length < 20) return undefined;
  const outer = used.filter(([x, y]) => Math.hypot(x - start.x, y - start.y) > radius * 0.7).map(([, , value]) => value);
  const sky = outer.sort((a, b) => a - b)[Math.floor(outer.length / 2)] ?? 0;
  const bright = used.filter(([, , value]) => value - sky > (start.value - sky) / 2).length;
  const width = Math.max(0.6, Math.sqrt(bright / Math.PI) / Math.sqrt(2 * Math.log(2)));
  const fit = fitGaussian(used, [start.value - sky, start.x, start.y, width, sky]);
  if (!fit) return undefined;
  const [peak, x, y, sigma, level] = fit;
  if (!(peak > 0) || !(sigma > 0) || Math.hypot(x - start.x, y - start.y) > radius) return undefined;
  const points = used.map(([px, py, value]) => [Math.hypot(px - x, py - y), value] as const);
  return { x, y, fwhm: sigma * FWHM_PER_SIGMA, peak, sky: level, points: points.sort((a, b) => a[0] - b[0]) };
}

function brightest(sample: Sample, near: { x: number; y: number }, reach: number): { x: number; y: number; value: number } | undefined {
  let found: { x: number; y: number; value: number } | undefined;
  for (let y = Math.round(near.y - reach); y <= near.y + reach; y += 1) {
    for (let x = Math.round(near.x - reach); x <= near.x + reach; x += 1) {
      const value = sample(x, y);
      if (Number.isFinite(value) && (!found || value > found.value)) found = { x, y, value };
    }
  }
  return found;
}

type Five = [number, number, number, number, number];

/** Levenberg and Marquardt's way to the least squares; undefined when it leads nowhere. */
function fitGaussian(pixels: readonly [number, number, number][], start: Five): Five | undefined {
  let [at, damping] = [start, 1e-3];
  let best = squares(pixels, at);
  for (let round = 0; round < ROUNDS; round += 1) {
    const { normal, gradient } = equations(pixels, at);
    const step = solved(normal.map((row, i) => row.map((value, j) => (i === j ? value * (1 + damping) : value))), gradient);
    if (!step) return undefined;
    const next = at.map((value, i) => value + (step[i] ?? 0)) as Five;
    const found = next[3] > 0.1 ? squares(pixels, next) : Infinity;
    if (found < best) {
      const done = best - found <= 1e-12 * best;
      [at, best, damping] = [next, found, damping / 10];
      if (done) return at;
    } else if (damping > 1e10) {
      return at;
    } else {
      damping *= 10;
    }
  }
  return at;
}

const model = (x: number, y: number, [peak, x0, y0, sigma, sky]: Five): number =>
  sky + peak * Math.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * sigma * sigma));

const squares = (pixels: readonly [number, number, number][], at: Five): number =>
  pixels.reduce((sum, [x, y, value]) => sum + (value - model(x, y, at)) ** 2, 0);

function equations(pixels: readonly [number, number, number][], at: Five): { normal: number[][]; gradient: number[] } {
  const normal = Array.from({ length: 5 }, () => new Array<number>(5).fill(0));
  const gradient = new Array<number>(5).fill(0);
  const [peak, x0, y0, sigma] = at;
  for (const [x, y, value] of pixels) {
    const [dx, dy] = [x - x0, y - y0];
    const shape = Math.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
    const inner = (peak * shape) / (sigma * sigma);
    const slopes = [shape, inner * dx, inner * dy, (inner * (dx * dx + dy * dy)) / sigma, 1];
    const left = value - model(x, y, at);
    slopes.forEach((one, i) => {
      gradient[i] = (gradient[i] ?? 0) + one * left;
      const row = normal[i] ?? [];
      slopes.forEach((other, j) => (row[j] = (row[j] ?? 0) + one * other));
    });
  }
  return { normal, gradient };
}

/** Gauss's elimination with the largest pivot. */
function solved(matrix: number[][], right: readonly number[]): number[] | undefined {
  const n = right.length;
  const rows = matrix.map((row, i) => [...row, right[i] ?? 0]);
  for (let i = 0; i < n; i += 1) {
    const pivot = rows.slice(i).reduce((most, row, k) => (Math.abs(row[i] ?? 0) > Math.abs(rows[most]?.[i] ?? 0) ? i + k : most), i);
    [rows[i], rows[pivot]] = [rows[pivot] ?? [], rows[i] ?? []];
    const top = rows[i] ?? [];
    if (!((Math.abs(top[i] ?? 0)) > 0)) return undefined;
    rows.forEach((row, k) => {
      if (k === i) return;
      const factor = (row[i] ?? 0) / (top[i] ?? 1);
      for (let j = i; j <= n; j += 1) row[j] = (row[j] ?? 0) - factor * (top[j] ?? 0);
    });
  }
  return rows.map((row, i) => (row[n] ?? 0) / (row[i] ?? 1));
}
