import { expect, test } from "vitest";
import { cellOf } from "../src/lib/healpix";
import oracle from "./healpix.json";

test.each(oracle.cells)("cells of order $order are those of astropy_healpix", ({ order, cells }) => {
  expect(oracle.places.map(([raDeg, decDeg]) => cellOf({ raDeg: raDeg!, decDeg: decDeg! }, order))).toEqual(cells);
});

test("every cell has the same area: as many of evenly strewn places in each", () => {
  const counts = new Array<number>(48).fill(0);
  const steps = 240;
  for (let i = 0; i < steps; i += 1) {
    for (let j = 0; j < steps; j += 1) {
      const decDeg = (Math.asin((2 * (i + 0.5)) / steps - 1) * 180) / Math.PI;
      const cell = cellOf({ raDeg: (360 * (j + 0.5)) / steps, decDeg }, 1);
      counts[cell]! += 1;
    }
  }
  const mean = steps ** 2 / 48;
  expect(Math.max(...counts.map((count) => Math.abs(count / mean - 1)))).toBeLessThan(0.02);
});
