import { expect, test } from "vitest";
import { held, written } from "../src/lib/sliders";

test("ends do not cross", () => {
  expect([held(5, 3, true), held(2, 3, true), held(2, 3, false), held(5, 3, false)]).toEqual([3, 2, 3, 5]);
});

test("an end of the slider asks for nothing, and no number has more digits than its step", () => {
  expect([written(0, 0, 0.01), written(0.1 + 0.2, 0, 0.01), written(600, 600, 1), written(17, 600, 1), written(-1.5, -6, 0.5)]).toEqual(["", "0.3", "", "17", "-1.5"]);
});
