/** FITS as the archive's cutouts have it: one image of 32-bit floats. */

export type CardValue = string | number | boolean;

export interface Cutout {
  readonly cards: ReadonlyMap<string, CardValue>;
  /** Of the cutout, px; each pixel is the mean of `bin` by `bin` pixels of the image. */
  readonly width: number;
  readonly height: number;
  readonly bin: number;
  /** First pixel of the image that it shows, from 0. */
  readonly x0: number;
  readonly y0: number;
  /** Row by row, the lowest first, as FITS has them; NaN where there is no value. */
  readonly pixels: Float32Array;
}

const [BLOCK, CARD] = [2880, 80];
const QUOTED = /^\s*'((?:[^']|'')*)'/;

/** Reads a cutout. Throws an Error that says what is wrong with other bytes. */
export function parseCutout(bytes: ArrayBuffer): Cutout {
  const { cards, end } = parseHeader(bytes);
  const number = (key: string, otherwise?: number): number => {
    const value = cards.get(key) ?? otherwise;
    if (typeof value !== "number") throw new Error(`The cutout has no ${key}.`);
    return value;
  };
  if (number("BITPIX") !== -32 || number("NAXIS") !== 2) throw new Error("The cutout is no image of 32-bit floats.");
  const [width, height] = [number("NAXIS1"), number("NAXIS2")];
  if (bytes.byteLength < end + width * height * 4) throw new Error("The cutout is cut short.");
  const given = new DataView(bytes, end);
  const pixels = new Float32Array(width * height);
  for (let i = 0; i < pixels.length; i += 1) pixels[i] = given.getFloat32(i * 4);
  return { cards, width, height, bin: number("CUTBIN", 1), x0: number("CUTX0", 0), y0: number("CUTY0", 0), pixels };
}

/** Cards up to END, the first of a keyword counts; and where the data begin. */
export function parseHeader(bytes: ArrayBuffer): { cards: Map<string, CardValue>; end: number } {
  const cards = new Map<string, CardValue>();
  for (let at = 0; at + CARD <= bytes.byteLength; at += CARD) {
    const card = String.fromCharCode(...new Uint8Array(bytes, at, CARD));
    const key = card.slice(0, 8).trimEnd();
    if (key === "END") return { cards, end: Math.ceil((at + CARD) / BLOCK) * BLOCK };
    const value = card.slice(8, 10) === "= " ? parseValue(card.slice(10)) : undefined;
    if (value !== undefined && !cards.has(key)) cards.set(key, value);
  }
  throw new Error("The cutout's header has no end.");
}

function parseValue(text: string): CardValue | undefined {
  const quoted = QUOTED.exec(text);
  if (quoted) return (quoted[1] ?? "").replaceAll("''", "'").trimEnd();
  const bare = (text.split("/", 1)[0] ?? "").trim();
  if (bare === "T" || bare === "F") return bare === "T";
  const number = Number(bare.replace(/[dD]/, "E"));
  return bare === "" || Number.isNaN(number) ? undefined : number;
}
