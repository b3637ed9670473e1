import { expect, test } from "vitest";
import { coloured, colourAt, COLOURS, tableOf } from "../src/lib/viewer/colours";
import { parseCutout } from "../src/lib/viewer/fits";
import { lineProfile, measureStar, statistics } from "../src/lib/viewer/measure";
import { apartArcsec, fineSexagesimal, type Grid, placeOf, Sky } from "../src/lib/viewer/sky";
import { FIRST, formatState, parseState } from "../src/lib/viewer/state";
import { curve, histogram, limitsOf, quantile, sortedSample, STRETCHES } from "../src/lib/viewer/stretch";
import { binFor, fitted, held, overviewBin, seen, tilesFor, toImage, toScreen, zoomedAt } from "../src/lib/viewer/view";
import skies from "./sky.json"; // directions and pixels by astropy
import zscales from "./zscale.json"; // limits by astropy's ZScaleInterval

const RAD = Math.PI / 180;

function fits(cards: readonly string[], pixels: readonly number[]): ArrayBuffer {
  const header = [...cards, "END"].map((card) => card.padEnd(80)).join("");
  const start = Math.ceil(header.length / 2880) * 2880;
  const bytes = new ArrayBuffer(start + Math.ceil((pixels.length * 4) / 2880) * 2880);
  new Uint8Array(bytes).fill(32, 0, start).set(new TextEncoder().encode(header));
  const data = new DataView(bytes, start);
  pixels.forEach((value, i) => data.setFloat32(i * 4, value));
  return bytes;
}

const CARDS = ["SIMPLE  =                    T", "BITPIX  =                  -32", "NAXIS   =                    2", "NAXIS1  =                    3", "NAXIS2  =                    2"];

test("a cutout is read: cards of each kind, and big-endian floats", () => {
  const more = ["BUNIT   = 'e''s / px '  / a comment", "GAIN    =              1.5D+01 / e/adu", "CUTX0   =                  -12", "CUTBIN  =                    4", "HISTORY = no value", "GAIN    = 3"];
  const found = parseCutout(fits([...CARDS, ...more], [1, -2.5, NaN, Infinity, 5, 6]));
  expect([found.width, found.height, found.x0, found.y0, found.bin]).toEqual([3, 2, -12, 0, 4]);
  expect([...found.pixels]).toEqual([1, -2.5, NaN, Infinity, 5, 6]);
  expect([found.cards.get("BUNIT"), found.cards.get("GAIN"), found.cards.get("SIMPLE")]).toEqual(["e's / px", 15, true]);
});

test("other bytes are refused with what is wrong", () => {
  expect(() => parseCutout(new ArrayBuffer(2880))).toThrow("no end");
  expect(() => parseCutout(fits(CARDS.map((card) => card.replace("-32", " 16")), [1]))).toThrow("32-bit");
  expect(() => parseCutout(fits(CARDS, []))).toThrow("cut short");
});

test("directions between nodes are astropy's within the bound that the server told, and lead back to their pixels", () => {
  for (const { grid, points } of skies) {
    const sky = new Sky(grid as unknown as Grid);
    for (const [x = 0, y = 0, ra = 0, dec = 0] of points) {
      const true_ = [Math.cos(dec * RAD) * Math.cos(ra * RAD), Math.cos(dec * RAD) * Math.sin(ra * RAD), Math.sin(dec * RAD)] as const;
      const found = sky.direction(x, y);
      if (!found) throw new Error("there is a direction");
      expect(apartArcsec(found, true_)).toBeLessThanOrEqual(grid.error_arcsec);
      const back = sky.pixel(true_);
      expect(Math.hypot((back?.x ?? NaN) - x, (back?.y ?? NaN) - y)).toBeLessThan(0.05); // 0.02 px, and Newton's last step
      expect(sky.scaleArcsec(x, y)).toBeCloseTo(Math.hypot(2e-4, 5e-5) * 3600, 1);
    }
    expect(sky.direction(-1, 5)).toBeUndefined();
    expect(sky.pixel([-(sky.direction(1, 1)?.[0] ?? 0), 0, -1])).toBeUndefined();
  }
});

test("places are written with all their digits", () => {
  expect(fineSexagesimal({ raDeg: 202.4695833, decDeg: -47.1952583 })).toBe("13:29:52.700 −47:11:42.93");
  expect(fineSexagesimal({ raDeg: 359.99999999, decDeg: -1e-9 })).toBe("00:00:00.000 +00:00:00.00");
  expect(placeOf([0, -1, 0])).toEqual({ raDeg: 270, decDeg: 0 });
});

test("zscale gives the limits that astropy gives", () => {
  for (const { values, low, high } of zscales) {
    const found = limitsOf(Float32Array.from(values).sort(), "zscale");
    expect(Math.abs(found.low - low) / (high - low)).toBeLessThan(1e-5); // values are of 32 bits
    expect(Math.abs(found.high - high) / (high - low)).toBeLessThan(1e-5);
  }
});

test("percentiles are between the nearest values; one value has limits around it; none has some", () => {
  const sorted = Float32Array.from({ length: 101 }, (_, i) => i);
  expect(limitsOf(sorted, "95")).toEqual({ low: 2.5, high: 97.5 });
  expect(limitsOf(sorted, "minmax")).toEqual({ low: 0, high: 100 });
  expect(quantile(sorted, 0.505)).toBeCloseTo(50.5, 9);
  const flat = limitsOf(new Float32Array(9).fill(7), "zscale");
  expect(flat.low < 7 && flat.high > 7).toBe(true);
  expect(limitsOf(new Float32Array(), "99")).toEqual({ low: 0, high: 1 });
  expect([...sortedSample(Float32Array.of(3, NaN, 1, Infinity, 2))]).toEqual([1, 2, 3]);
  expect(histogram(sorted, { low: 0, high: 100 }, 4)).toEqual([25, 25, 25, 26]);
});

test("each stretch leads from black to white and never back", () => {
  for (const stretch of STRETCHES) {
    expect([curve(stretch, 0), curve(stretch, 1)]).toEqual([0, 1]);
    for (let i = 1; i <= 100; i += 1) expect(curve(stretch, i / 100)).toBeGreaterThan(curve(stretch, (i - 1) / 100));
  }
});

test("pictures have the last row of FITS on top, limits at the ends and no colour where there is no value", () => {
  const table = tableOf("linear", "grey");
  const made = new Uint8Array(coloured(Float32Array.of(0, 5, 10, NaN, -99, 99), 3, { low: 0, high: 10 }, table).buffer);
  const pixel = (i: number): number[] => [...made.slice(i * 4, i * 4 + 4)];
  expect([pixel(0), pixel(1), pixel(2)]).toEqual([[0, 0, 0, 0], [0, 0, 0, 255], [255, 255, 255, 255]]);
  expect([pixel(3), pixel(5)]).toEqual([[0, 0, 0, 255], [255, 255, 255, 255]]);
  expect(Math.abs((pixel(4)[0] ?? 0) - 127.5)).toBeLessThanOrEqual(1);
});

test("colours grow lighter from dark to bright, inverted the other way", () => {
  const light = (name: (typeof COLOURS)[number], t: number): number => {
    const [r, g, b] = colourAt(name, t);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  for (const name of COLOURS) {
    for (let i = 1; i <= 20; i += 1) expect((light(name, i / 20) - light(name, (i - 1) / 20)) * (name === "inverted" ? -1 : 1)).toBeGreaterThan(0);
  }
});

test("what is under a point stays there while zooming; a view goes to the screen and back", () => {
  const [image, screen] = [{ width: 4096, height: 2048 }, { width: 800, height: 600 }];
  const all = fitted(image, screen);
  expect(toScreen(all, screen, -0.5, -0.5).x).toBeCloseTo(0, 9);
  const before = toImage(all, screen, 123, 77);
  const after = toImage(zoomedAt(all, screen, 3, 123, 77), screen, 123, 77);
  expect([after.x, after.y]).toEqual([expect.closeTo(before.x, 9), expect.closeTo(before.y, 9)]);
  expect(held({ x: -900, y: 5000, zoom: 1e9 }, image, screen)).toEqual({ x: -0.5, y: 2047.5, zoom: 48 });
  expect(seen({ x: 9.5, y: 9.5, zoom: 40 }, image, screen)).toEqual({ x0: 0, y0: 2, x1: 21, y1: 18 });
});

test("tiles are as fine as the screen, cover what is seen, and the middle comes first", () => {
  expect([binFor(1, 8), binFor(0.5, 8), binFor(0.26, 8), binFor(0.01, 8)]).toEqual([1, 2, 2, 8]);
  expect([overviewBin({ width: 4096, height: 100 }, 1024), overviewBin({ width: 900, height: 9 }, 1024)]).toEqual([4, 1]);
  const tiles = tilesFor({ x0: 500, y0: 0, x1: 1600, y1: 400 }, 1);
  expect(tiles.map((tile) => tile.key).sort()).toEqual(["1/0/0", "1/1/0", "1/2/0", "1/3/0"]);
  expect(tiles[0]?.x0).toBe(1024);
});

test("statistics leave out what has no value; the deviation is that of the values", () => {
  expect(statistics([Float32Array.of(1, NaN, 3), Float32Array.of(Infinity, 8, 4)])).toEqual({ n: 4, mean: 4, median: 3.5, std: Math.sqrt(6.5), min: 1, max: 8 });
  expect(statistics([Float32Array.of(NaN)])).toBeUndefined();
});

test("a line through a plane has the plane's values", () => {
  const points = lineProfile((x, y) => 2 * x + 3 * y, { x: 1, y: 2 }, { x: 7, y: 10 });
  expect(points).toHaveLength(11);
  for (const [at, value] of points) expect(value).toBeCloseTo(8 + (at / 10) * (12 + 24), 9);
});

test.each([1.2, 2, 4])("a round star of sigma %d px has its width, place and height, whatever lies below", (sigma) => {
  const sample = (x: number, y: number): number => -40 + 900 * Math.exp(-((x - 50.3) ** 2 + (y - 41.8) ** 2) / (2 * sigma * sigma));
  const star = measureStar(sample, { x: 52, y: 41 }, 15);
  expect(star?.fwhm).toBeCloseTo(sigma * 2 * Math.sqrt(2 * Math.log(2)), 5);
  expect([star?.x, star?.y, star?.peak, star?.sky]).toEqual([expect.closeTo(50.3, 5), expect.closeTo(41.8, 5), expect.closeTo(900, 2), expect.closeTo(-40, 2)]);
});

test("where there is no star none is measured", () => {
  expect(measureStar(() => NaN, { x: 5, y: 5 }, 15)).toBeUndefined();
  expect(measureStar(() => 7, { x: 5, y: 5 }, 15)).toBeUndefined();
});

test("a state goes into the address and comes back; what it does not know is as at first", () => {
  const state = { ...FIRST, view: { x: 10.5, y: 20, zoom: 0.125 }, stretch: "log", mode: "hand", limits: { low: -3.5, high: 1e6 }, colours: "tide", hdu: 2, plane: 3, others: [5, 6], align: "sky" } as const;
  expect(parseState(formatState(state))).toEqual(state);
  expect(parseState(formatState(FIRST))).toEqual({ ...FIRST, view: undefined, limits: undefined, hdu: undefined });
  expect(parseState("#header")).toBeUndefined();
  expect(parseState("#pixels=1,2,-3&stretch=<b>&limits=9,1&blink=x,4&hdu=-1")).toEqual({ ...FIRST, view: undefined, limits: undefined, hdu: undefined, others: [4] });
});
