/** From brightness to colour, and a table of both at once. */
import { curve, type Limits, type Stretch } from "./stretch";

export const COLOURS = ["grey", "inverted", "tide", "ember"] as const;
export type Colours = (typeof COLOURS)[number];
type Rgb = readonly [number, number, number];

// From dark to light in steps that look alike in size, also to those who see no red or no green.
const ANCHORS: Record<Colours, readonly Rgb[]> = {
  grey: [[0, 0, 0], [255, 255, 255]],
  inverted: [[255, 255, 255], [0, 0, 0]],
  tide: [[24, 14, 52], [34, 56, 116], [29, 104, 142], [32, 148, 140], [96, 190, 112], [188, 218, 96], [253, 241, 178]],
  ember: [[8, 6, 18], [62, 20, 74], [130, 32, 84], [196, 58, 70], [240, 112, 54], [252, 180, 90], [254, 244, 206]],
};
const LEVELS = 1 << 16;

/** Opaque pixels, packed in the order of this machine, for values from black to white. */
export function tableOf(stretch: Stretch, colours: Colours): Uint32Array {
  const table = new Uint32Array(LEVELS);
  const bytes = new Uint8Array(table.buffer);
  for (let level = 0; level < LEVELS; level += 1) {
    bytes.set([...colourAt(colours, curve(stretch, level / (LEVELS - 1))), 255], level * 4);
  }
  return table;
}

/** Colour of a brightness from 0 to 1. */
export function colourAt(colours: Colours, brightness: number): Rgb {
  const anchors = ANCHORS[colours];
  const at = Math.min(1, Math.max(0, brightness)) * (anchors.length - 1);
  const [below, above] = [anchors[Math.floor(at)] ?? anchors[0], anchors[Math.ceil(at)] ?? anchors[0]];
  const mix = (i: 0 | 1 | 2): number => Math.round((below?.[i] ?? 0) + ((above?.[i] ?? 0) - (below?.[i] ?? 0)) * (at % 1));
  return [mix(0), mix(1), mix(2)];
}

/** Values as packed pixels, row by row from the top: the first row of FITS is the lowest. NaN is transparent. */
export function coloured(pixels: Float32Array, width: number, { low, high }: Limits, table: Uint32Array): Uint32Array<ArrayBuffer> {
  const made = new Uint32Array(pixels.length);
  const height = pixels.length / width;
  const scale = (LEVELS - 1) / (high - low);
  for (let row = 0; row < height; row += 1) {
    const [from, to] = [row * width, (height - 1 - row) * width];
    for (let column = 0; column < width; column += 1) {
      const level = ((pixels[from + column] ?? NaN) - low) * scale;
      if (level === level) made[to + column] = table[level <= 0 ? 0 : level >= LEVELS - 1 ? LEVELS - 1 : level | 0] ?? 0;
    }
  }
  return made;
}
