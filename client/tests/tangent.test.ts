import { expect, test } from "vitest";
import { extentOf, placeOnTangent, projectTangent } from "../src/lib/tangent";
import { sexagesimal } from "../src/lib/words";

test("a place that is projected is found again, at the poles and across RA 0 too", () => {
  for (const middle of [{ raDeg: 0.5, decDeg: 0 }, { raDeg: 200, decDeg: 89 }, { raDeg: 30, decDeg: -70 }]) {
    for (const [raDeg, decDeg] of [[359.5, -1], [123, 88.5], [35, -68]] as const) {
      const point = projectTangent({ raDeg, decDeg }, middle);
      if (!point) continue;
      const back = placeOnTangent(point, middle);
      expect(back.raDeg).toBeCloseTo(raDeg, 9);
      expect(back.decDeg).toBeCloseTo(decDeg, 9);
    }
  }
});

test("a degree beside the middle is the tangent of a degree away, east to the left; the other half is not there", () => {
  const middle = { raDeg: 10, decDeg: 0 };
  expect(projectTangent({ raDeg: 11, decDeg: 0 }, middle)?.x).toBeCloseTo(-Math.tan(Math.PI / 180), 12);
  expect(projectTangent({ raDeg: 10, decDeg: 1 }, middle)?.y).toBeCloseTo(Math.tan(Math.PI / 180), 12);
  expect(projectTangent({ raDeg: 190, decDeg: 0 }, middle)).toBeUndefined();
});

test("the middle of places across RA 0 lies between them, and is as far from each", () => {
  const { middle, radiusDeg } = extentOf([{ raDeg: 359, decDeg: 0 }, { raDeg: 1, decDeg: 0 }]);
  expect(Math.min(middle.raDeg, 360 - middle.raDeg)).toBeCloseTo(0, 9);
  expect(radiusDeg).toBeCloseTo(1, 9);
});

test("places are written to the second, and a half degree south keeps its sign", () => {
  expect(sexagesimal({ raDeg: 202.46957, decDeg: 47.19526 })).toBe("13:29:53 +47:11:43");
  expect(sexagesimal({ raDeg: 359.9999, decDeg: -0.5 })).toBe("00:00:00 -00:30:00");
});
