/** The whole sky on a plane: Mollweide's projection, in which equal areas stay equal. East is to the left. */

export interface Place {
  readonly raDeg: number;
  readonly decDeg: number;
}

/** In units in which the sky is an ellipse of half-axes 2 and 1; y grows to the north. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

const RAD_PER_DEG = Math.PI / 180;
const ROUNDS = 12; // Newton's steps: the worst place, a degree from a pole, needs 9 for 1e-9

/** Right ascension `centreRaDeg` lies in the middle. */
export function project({ raDeg, decDeg }: Place, centreRaDeg = 180): Point {
  const theta = auxiliary(decDeg * RAD_PER_DEG);
  const fromCentre = ((((raDeg - centreRaDeg + 180) % 360) + 360) % 360) - 180;
  return { x: zeroed(-(2 * fromCentre * Math.cos(theta)) / 180), y: Math.sin(theta) };
}

/** The place at a point; undefined outside of the sky. */
export function place({ x, y }: Point, centreRaDeg = 180): Place | undefined {
  if (x * x / 4 + y * y > 1) return undefined;
  const theta = Math.asin(y);
  const decDeg = Math.asin((2 * theta + Math.sin(2 * theta)) / Math.PI) / RAD_PER_DEG;
  const width = Math.cos(theta);
  const fromCentre = width === 0 ? 0 : (-x * 180) / (2 * width);
  return { raDeg: (((centreRaDeg + fromCentre) % 360) + 360) % 360, decDeg };
}

/** θ of 2θ + sin 2θ = π sin δ. */
function auxiliary(decRad: number): number {
  if (Math.abs(decRad) > Math.PI / 2 - 1e-9) return Math.sign(decRad) * (Math.PI / 2);
  let theta = decRad;
  for (let round = 0; round < ROUNDS; round += 1) {
    const slope = 2 + 2 * Math.cos(2 * theta);
    theta -= (2 * theta + Math.sin(2 * theta) - Math.PI * Math.sin(decRad)) / slope;
  }
  return theta;
}

const zeroed = (value: number): number => (value === 0 ? 0 : value); // no -0, which prints as one
