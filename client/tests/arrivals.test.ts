import { expect, test } from "vitest";
import { says } from "../src/lib/arrivals";

test("the bar says how many, and of very many that they are", () => {
  expect([0, 1, 2, 99, 100, 150].map(says)).toEqual(["", "1 new frame: show", "2 new frames: show", "99 new frames: show", "100+ new frames: show", "100+ new frames: show"]);
});
