/** HEALPix: equal areas of the sky by number, in the ring order (Górski et al. 2005, ApJ 622, 759, section 4.1). */
import type { Place } from "./projection";

const RAD_PER_DEG = Math.PI / 180;

/** The cell that a place lies in. `order` is the logarithm to base 2 of the parts of a side of one of the 12 first ones. */
export function cellOf({ raDeg, decDeg }: Place, order: number): number {
  const nside = 2 ** order;
  const z = Math.sin(decDeg * RAD_PER_DEG);
  const quarters = ((((raDeg / 90) % 4) + 4) % 4); // right ascension in quarters of a turn
  return Math.abs(z) <= 2 / 3 ? equatorial(z, quarters, nside) : polar(z, quarters, nside);
}

function equatorial(z: number, quarters: number, nside: number): number {
  const around = nside * (0.5 + quarters);
  const slope = nside * z * 0.75;
  const rising = Math.floor(around - slope);
  const falling = Math.floor(around + slope);
  const ring = nside + 1 + rising - falling; // from z = 2/3 on, the first is 1
  const shift = 1 - (ring & 1);
  const inRing = Math.floor((rising + falling - nside + shift + 1) / 2);
  const ofCap = 2 * nside * (nside - 1);
  return ofCap + (ring - 1) * 4 * nside + modulo(inRing, 4 * nside);
}

function polar(z: number, quarters: number, nside: number): number {
  const within = quarters - Math.floor(quarters);
  const size = nside * Math.sqrt(3 * (1 - Math.abs(z)));
  const rising = Math.floor(within * size);
  const falling = Math.floor((1 - within) * size);
  const ring = rising + falling + 1; // from the pole on
  const inRing = modulo(Math.floor(quarters * ring), 4 * ring);
  if (z > 0) return 2 * ring * (ring - 1) + inRing;
  return 12 * nside * nside - 2 * ring * (ring + 1) + inRing;
}

const modulo = (value: number, by: number): number => ((value % by) + by) % by;
