/** One image: an overview, tiles around what is seen, and their values. */
import type { Cutout } from "./fits";
import { type FrameInfo, Source } from "./source";
import { Sky } from "./sky";
import { limitsOf, type Limits, type Mode, sortedSample } from "./stretch";
import { binFor, type Box, overviewBin, seen, type Size, type Tile, tilesFor, type View } from "./view";

const [OVERVIEW_PX, AT_ONCE, KEPT] = [1024, 4, 60];

export interface Value {
  readonly value: number;
  /** It is the mean of so many by so many pixels. */
  readonly bin: number;
}

export class Layer {
  readonly sky: Sky | undefined;
  readonly overviewBin: number;
  overview: Cutout | undefined;
  /** Of the overview, in order of size. */
  sorted: Float32Array = new Float32Array();
  private readonly tiles = new Map<string, Cutout>();
  private readonly asked = new Map<string, AbortController>();
  private readonly refused = new Set<string>();
  private readonly found = new Map<Mode, Limits>();

  constructor(
    readonly info: FrameInfo,
    readonly plane: number,
    private readonly source: Source,
    private readonly changed: (fault?: string) => void,
  ) {
    this.sky = info.sky ? new Sky(info.sky) : undefined;
    this.overviewBin = overviewBin(info, OVERVIEW_PX);
  }

  static async open(address: string, changed: (fault?: string) => void, hdu?: number, plane = 0): Promise<Layer> {
    const source = new Source(address);
    const info = await source.info(hdu);
    const layer = new Layer(info, Math.min(plane, info.planes - 1), source, changed);
    await layer.loadOverview();
    return layer;
  }

  get size(): Size {
    return this.info;
  }

  limits(mode: Mode): Limits {
    const held = this.found.get(mode) ?? limitsOf(this.sorted, mode);
    this.found.set(mode, held);
    return held;
  }

  /** Everything that is there to be drawn, coarse before fine. */
  drawn(view: View, screen: Size, ratio: number): Cutout[] {
    const wanted = this.wanted(view, screen, ratio);
    const near = [...this.tiles.values()].filter((each) => each.bin > (wanted[0]?.bin ?? this.overviewBin));
    const there = wanted.map((tile) => this.tiles.get(tile.key)).filter((each) => each !== undefined);
    return [...(this.overview ? [this.overview] : []), ...near.sort((a, b) => b.bin - a.bin), ...there];
  }

  /** Ask for the tiles that are seen, and no longer for those that are not. */
  load(view: View, screen: Size, ratio: number): void {
    const wanted = this.wanted(view, screen, ratio);
    const keys = new Set(wanted.map((tile) => tile.key));
    for (const [key, control] of this.asked) if (!keys.has(key)) control.abort();
    for (const tile of wanted) {
      if (this.asked.size >= AT_ONCE) return;
      const isThere = this.tiles.has(tile.key) || this.asked.has(tile.key) || this.refused.has(tile.key);
      if (!isThere) void this.loadTile(tile, () => this.load(view, screen, ratio));
    }
  }

  /** All that is seen has been loaded, as finely as the screen shows it. */
  isWhole(view: View, screen: Size, ratio: number): boolean {
    return this.overview !== undefined && this.wanted(view, screen, ratio).every((tile) => this.tiles.has(tile.key));
  }

  /** The finest value that is there of a pixel, from 0. */
  value(x: number, y: number): Value | undefined {
    if (x < 0 || y < 0 || x >= this.info.width || y >= this.info.height) return undefined;
    for (let bin = 1; bin < this.overviewBin; bin *= 2) {
      const side = 512 * bin;
      const tile = this.tiles.get(`${bin}/${Math.floor(x / side)}/${Math.floor(y / side)}`);
      if (tile) return { value: at(tile, x, y), bin };
    }
    return this.overview && { value: at(this.overview, x, y), bin: this.overviewBin };
  }

  /** Values that are seen, by the finest pixels that are there of all of it; and of how many pixels each is the mean. */
  values(box: Box, view: View, screen: Size, ratio: number): { parts: Float32Array[]; bin: number } {
    const wanted = this.wanted(view, screen, ratio);
    const cutouts = wanted.map((tile) => this.tiles.get(tile.key)).filter((each) => each !== undefined);
    const from = wanted.length && cutouts.length === wanted.length ? cutouts : this.overview ? [this.overview] : [];
    return { parts: from.map((each) => inside(each, box)), bin: from[0]?.bin ?? 1 };
  }

  close(): void {
    for (const control of this.asked.values()) control.abort();
  }

  private wanted(view: View, screen: Size, ratio: number): Tile[] {
    const bin = binFor(view.zoom * ratio, this.overviewBin);
    return bin >= this.overviewBin ? [] : tilesFor(seen(view, this.size, screen), bin);
  }

  private async loadOverview(): Promise<void> {
    this.overview = await this.source.cutout({ ...this.which, bin: this.overviewBin });
    this.sorted = sortedSample(this.overview.pixels);
  }

  private async loadTile(tile: Tile, next: () => void): Promise<void> {
    const control = new AbortController();
    this.asked.set(tile.key, control);
    try {
      const terms = { ...this.which, x0: tile.x0, y0: tile.y0, width: tile.side, height: tile.side, bin: tile.bin };
      this.tiles.set(tile.key, await this.source.cutout(terms, control.signal));
      this.forgetOldest();
      this.changed();
    } catch (error) {
      if (!control.signal.aborted) {
        this.refused.add(tile.key);
        this.changed(error instanceof Error ? error.message : String(error));
      }
    } finally {
      this.asked.delete(tile.key);
    }
    if (!control.signal.aborted) next();
  }

  private get which(): { hdu: number; plane: number; version: number } {
    return { hdu: this.info.hdu, plane: this.plane, version: this.info.version };
  }

  private forgetOldest(): void {
    for (const key of this.tiles.keys()) {
      if (this.tiles.size <= KEPT) return;
      this.tiles.delete(key);
    }
  }
}

function at(cutout: Cutout, x: number, y: number): number {
  const [column, row] = [Math.floor((x - cutout.x0) / cutout.bin), Math.floor((y - cutout.y0) / cutout.bin)];
  return cutout.pixels[row * cutout.width + column] ?? NaN;
}

/** Pixels of a cutout whose middles lie in a box. */
function inside(cutout: Cutout, box: Box): Float32Array {
  const range = (from: number, to: number, start: number, most: number): [number, number] => [
    Math.max(0, Math.ceil((from - start + 0.5) / cutout.bin - 0.5)),
    Math.min(most, Math.ceil((to - start + 0.5) / cutout.bin - 0.5)),
  ];
  const [left, right] = range(box.x0, box.x1, cutout.x0, cutout.width);
  const [low, high] = range(box.y0, box.y1, cutout.y0, cutout.height);
  if (left >= right || low >= high) return new Float32Array();
  const found = new Float32Array((right - left) * (high - low));
  for (let row = low; row < high; row += 1) {
    found.set(cutout.pixels.subarray(row * cutout.width + left, row * cutout.width + right), (row - low) * (right - left));
  }
  return found;
}
