/** A part of the sky on a plane that touches it in the middle (gnomonic): great circles are straight. East is to the left. */
import type { Place, Point } from "./projection";

const RAD_PER_DEG = Math.PI / 180;

/** In radians at the middle; undefined for what lies on the other half of the sky. */
export function projectTangent({ raDeg, decDeg }: Place, middle: Place): Point | undefined {
  const [ra, dec, dec0] = [(raDeg - middle.raDeg) * RAD_PER_DEG, decDeg * RAD_PER_DEG, middle.decDeg * RAD_PER_DEG];
  const towards = Math.sin(dec0) * Math.sin(dec) + Math.cos(dec0) * Math.cos(dec) * Math.cos(ra);
  if (towards <= 0.01) return undefined;
  return {
    x: -(Math.cos(dec) * Math.sin(ra)) / towards,
    y: (Math.cos(dec0) * Math.sin(dec) - Math.sin(dec0) * Math.cos(dec) * Math.cos(ra)) / towards,
  };
}

export function placeOnTangent({ x, y }: Point, middle: Place): Place {
  const dec0 = middle.decDeg * RAD_PER_DEG;
  const far = Math.hypot(1, x, y);
  const decDeg = Math.asin((Math.sin(dec0) + y * Math.cos(dec0)) / far) / RAD_PER_DEG;
  const raDeg = middle.raDeg + Math.atan2(-x, Math.cos(dec0) - y * Math.sin(dec0)) / RAD_PER_DEG;
  return { raDeg: ((raDeg % 360) + 360) % 360, decDeg };
}

/** Mean direction of places, and the largest distance of one from it, degrees. */
export function extentOf(places: readonly Place[]): { middle: Place; radiusDeg: number } {
  const vectors = places.map(vector);
  const sum = vectors.reduce((a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]], [0, 0, 0]);
  const length = Math.hypot(...sum);
  if (length < 1e-9) return { middle: { raDeg: 180, decDeg: 0 }, radiusDeg: 180 };
  const unit = sum.map((each) => each / length) as [number, number, number];
  const middle = {
    raDeg: (Math.atan2(unit[1], unit[0]) / RAD_PER_DEG + 360) % 360,
    decDeg: Math.asin(Math.max(-1, Math.min(1, unit[2]))) / RAD_PER_DEG,
  };
  const chord = vectors.reduce((most, each) => Math.max(most, Math.hypot(each[0] - unit[0], each[1] - unit[1], each[2] - unit[2])), 0);
  return { middle, radiusDeg: (2 * Math.asin(Math.min(1, chord / 2))) / RAD_PER_DEG };
}

function vector({ raDeg, decDeg }: Place): [number, number, number] {
  const [ra, dec] = [raDeg * RAD_PER_DEG, decDeg * RAD_PER_DEG];
  return [Math.cos(dec) * Math.cos(ra), Math.cos(dec) * Math.sin(ra), Math.sin(dec)];
}
