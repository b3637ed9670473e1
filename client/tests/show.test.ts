import { expect, test } from "vitest";
import { offset, within } from "../src/lib/lens";
import { after } from "../src/lib/show";

test("behind the last picture comes the first, before the first the last", () => {
  expect([after(0, 3), after(2, 3), after(0, 3, -1), after(0, 1), after(0, 1, -1)]).toEqual([1, 0, 2, 0, 0]);
});

test("the place under a lens stands at its middle", () => {
  // A picture of 400 px, five times as large: its middle is at 1000 px, and the lens of 100 px shows 950 to 1050.
  expect(offset(0.5, 400, 5, 100)).toBe(-950);
  expect(offset(0, 400, 5, 100)).toBe(50);
  expect([within(-1, 0, 1), within(0.5, 0, 1), within(7, 0, 1)]).toEqual([0, 0.5, 1]);
});
