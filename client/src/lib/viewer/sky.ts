/** From pixels to the sky: between directions that the server computed at the nodes of a grid. */
import type { Place } from "../projection";

export type Direction = readonly [number, number, number];

export interface Grid {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly vectors: readonly (Direction | null)[];
  readonly error_arcsec: number;
}

const RAD_PER_DEG = Math.PI / 180;
const ARCSEC_PER_RAD = 3600 / RAD_PER_DEG;
const ROUNDS = 20;
const NEAR_PX = 1e-4;

export class Sky {
  constructor(private readonly grid: Grid) {}

  /** What interpolation gets wrong at most, arcsec. */
  get errorArcsec(): number {
    return this.grid.error_arcsec;
  }

  /** Unit vector, ICRS, of a pixel from 0; undefined off the grid or off the sky. */
  direction(x: number, y: number): Direction | undefined {
    const [column, t] = cell(this.grid.x, x);
    const [row, s] = cell(this.grid.y, y);
    if (t < -1e-9 || t > 1 + 1e-9 || s < -1e-9 || s > 1 + 1e-9) return undefined;
    return this.between(column, row, t, s);
  }

  place(x: number, y: number): Place | undefined {
    const found = this.direction(x, y);
    return found && placeOf(found);
  }

  /** Size of a pixel there, arcsec. */
  scaleArcsec(x: number, y: number): number | undefined {
    const [column, t] = cell(this.grid.x, x);
    const [row, s] = cell(this.grid.y, y);
    const [here, right, up] = [this.between(column, row, t, s), this.stepped(x + 1, y), this.stepped(x, y + 1)];
    return here && right && up && Math.sqrt(apartArcsec(here, right) * apartArcsec(here, up));
  }

  /** The pixel in whose direction something lies, by Newton's steps; it may lie beside the grid. */
  pixel(target: Direction): { x: number; y: number } | undefined {
    let [x, y] = [mean(this.grid.x), mean(this.grid.y)];
    for (let round = 0; round < ROUNDS; round += 1) {
      const [here, right, up] = [this.stepped(x, y), this.stepped(x + 1, y), this.stepped(x, y + 1)];
      if (!here || !right || !up || dot(here, target) <= 0) return undefined;
      const [along, across, off] = [minus(right, here), minus(up, here), minus(target, here)];
      const [aa, ab, bb] = [dot(along, along), dot(along, across), dot(across, across)];
      const [ga, gb] = [dot(along, off), dot(across, off)];
      const scale = aa * bb - ab * ab;
      if (!(scale > 0)) return undefined;
      const [dx, dy] = [(ga * bb - gb * ab) / scale, (gb * aa - ga * ab) / scale];
      [x, y] = [x + dx, y + dy];
      if (!Number.isFinite(x) || !Number.isFinite(y)) return undefined;
      if (Math.hypot(dx, dy) < NEAR_PX) return { x, y };
    }
    return undefined;
  }

  /** As `direction`, but also beside the grid, as its nearest cell goes on. */
  private stepped(x: number, y: number): Direction | undefined {
    const [column, t] = cell(this.grid.x, x);
    const [row, s] = cell(this.grid.y, y);
    return this.between(column, row, t, s);
  }

  private between(column: number, row: number, t: number, s: number): Direction | undefined {
    const width = this.grid.x.length;
    const node = (i: number, j: number): Direction | null | undefined => this.grid.vectors[j * width + i];
    const [a, b, c, d] = [node(column, row), node(column + 1, row), node(column, row + 1), node(column + 1, row + 1)];
    if (!a || !b || !c || !d) return undefined;
    const mixed = ([0, 1, 2] as const).map((k) => (1 - s) * ((1 - t) * a[k] + t * b[k]) + s * ((1 - t) * c[k] + t * d[k]));
    const length = Math.hypot(...mixed);
    const [x = 0, y = 0, z = 0] = mixed;
    return length > 0 ? [x / length, y / length, z / length] : undefined;
  }
}

export function placeOf([x, y, z]: Direction): Place {
  const raDeg = (Math.atan2(y, x) / RAD_PER_DEG + 360) % 360;
  return { raDeg, decDeg: Math.atan2(z, Math.hypot(x, y)) / RAD_PER_DEG };
}

export function apartArcsec(one: Direction, other: Direction): number {
  return 2 * Math.asin(Math.min(1, Math.hypot(...minus(one, other)) / 2)) * ARCSEC_PER_RAD;
}

/** `13:29:52.698 +47:11:42.93`: a hundredth of an arcsecond in both. */
export function fineSexagesimal({ raDeg, decDeg }: Place): string {
  const raMs = Math.round(raDeg * 240_000) % 86_400_000;
  const decCentiArcsec = Math.round(Math.abs(decDeg) * 360_000);
  return `${parts(raMs, 1000, 3)} ${decDeg < 0 && decCentiArcsec > 0 ? "−" : "+"}${parts(decCentiArcsec, 100, 2)}`;
}

function parts(count: number, perSecond: number, digits: number): string {
  const whole = Math.floor(count / perSecond);
  const two = (value: number): string => String(value).padStart(2, "0");
  const rest = String(count % perSecond).padStart(digits, "0");
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}.${rest}`;
}

/** The cell of nodes in which a coordinate lies, or the nearest, and how far across it from 0 to 1. */
function cell(nodes: readonly number[], at: number): [number, number] {
  const first = nodes[0] ?? 0;
  const step = (nodes[1] ?? first + 1) - first;
  const index = Math.min(nodes.length - 2, Math.max(0, Math.floor((at - first) / step)));
  const start = nodes[index] ?? 0;
  return [index, (at - start) / ((nodes[index + 1] ?? start + 1) - start)];
}

const dot = (a: Direction, b: Direction): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const minus = (a: Direction, b: Direction): Direction => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const mean = (nodes: readonly number[]): number => ((nodes[0] ?? 0) + (nodes.at(-1) ?? 0)) / 2;
