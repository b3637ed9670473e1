import { expect, test } from "vitest";
import { place, project } from "../src/lib/projection";

test("the middle, the poles and the edges lie where Mollweide puts them", () => {
  expect(project({ raDeg: 180, decDeg: 0 })).toEqual({ x: 0, y: 0 });
  expect(project({ raDeg: 77, decDeg: 90 }).y).toBeCloseTo(1, 12);
  expect(project({ raDeg: 77, decDeg: -90 }).y).toBeCloseTo(-1, 12);
  expect(project({ raDeg: 0, decDeg: 0 }).x).toBeCloseTo(2, 12); // east is to the left
  expect(project({ raDeg: 359.999999, decDeg: 0 }).x).toBeCloseTo(-2, 6);
});

test("equal areas stay equal: half of the sky north of 0, a sixth of it north of arcsin(2/3)", () => {
  // The area of the ellipse above the line y, as a part of the whole, is that of the sky above the declination.
  for (const share of [0.5, 1 / 6, 0.01]) {
    const decDeg = (Math.asin(1 - 2 * share) * 180) / Math.PI;
    const { y } = project({ raDeg: 180, decDeg });
    const above = (Math.acos(y) - y * Math.sqrt(1 - y * y)) / Math.PI;
    expect(above).toBeCloseTo(share, 9);
  }
});

test("a place that is projected is found again, and outside of the sky there is none", () => {
  for (const raDeg of [0.5, 90, 179.9, 271.25]) {
    for (const decDeg of [-89, -30.5, 0, 12.25, 88]) {
      const back = place(project({ raDeg, decDeg }, 0), 0);
      expect(back?.raDeg).toBeCloseTo(raDeg, 6);
      expect(back?.decDeg).toBeCloseTo(decDeg, 6);
    }
  }
  expect(place({ x: 1.9, y: 0.9 })).toBeUndefined();
});
