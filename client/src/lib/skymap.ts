/** The map of the sky: how many frames lie in each cell, and the footprints of few. */
import { cellOf } from "./healpix";
import { place, project, type Place } from "./projection";
import { extentOf, placeOnTangent, projectTangent } from "./tangent";

export interface Sky {
  readonly count: number;
  readonly placed: number;
  readonly is_sample: boolean;
  readonly order: number;
  readonly cells: readonly (readonly [number, number])[];
  readonly footprints: readonly (readonly (readonly [number, number])[])[];
}

/** Pixels of the canvas to the sky and back. */
interface View {
  readonly isWhole: boolean;
  toSky(x: number, y: number): Place | undefined;
  toPixel(at: Place): [number, number] | undefined;
}

const WIDEST_PART_DEG = 25; // what is wider is shown with the whole sky
const NARROWEST_DEG = 0.05;
// From few to many; readable on the dark of the sky for those who see no red or no green too.
const COLOURS = [[38, 52, 110], [45, 105, 178], [46, 164, 190], [150, 213, 160], [253, 240, 178]] as const;
const EMPTY = [13, 21, 38] as const;
const GRID = "rgba(160, 180, 220, 0.28)";
const LABEL = "#8fa3c8";
const OUTLINE = "rgba(255, 214, 130, 0.85)";

export class SkyMap {
  readonly counts: ReadonlyMap<number, number>;
  readonly most: number;
  private view: View;
  private readonly pen: CanvasRenderingContext2D;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly sky: Sky,
  ) {
    this.counts = new Map(sky.cells);
    this.most = Math.max(1, ...this.counts.values());
    const pen = canvas.getContext("2d");
    if (!pen) throw new Error("This browser draws on no canvas.");
    this.pen = pen;
    this.view = whole(1, 1);
  }

  /** Footprints lie so near to each other that a part of the sky shows them. */
  get hasPart(): boolean {
    return this.extent() !== undefined;
  }

  draw(showsPart: boolean): void {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(this.canvas.clientWidth * ratio), Math.round(this.canvas.clientHeight * ratio)];
    if (!width || !height) return;
    [this.canvas.width, this.canvas.height] = [width, height];
    const extent = showsPart ? this.extent() : undefined;
    this.view = extent ? part(width, height, extent) : whole(width, height);
    this.fill(width, height);
    this.pen.lineWidth = ratio;
    this.grid(extent ? spacing(extent.radiusDeg) : 30);
    this.outlines();
    if (!extent) this.labels(ratio);
  }

  /** The place under a point of the page. */
  placeAt(clientX: number, clientY: number): Place | undefined {
    const box = this.canvas.getBoundingClientRect();
    return this.view.toSky(((clientX - box.left) * this.canvas.width) / box.width, ((clientY - box.top) * this.canvas.height) / box.height);
  }

  countAt(at: Place): number {
    return this.counts.get(cellOf(at, this.sky.order)) ?? 0;
  }

  private extent(): { middle: Place; radiusDeg: number } | undefined {
    const corners = this.sky.footprints.flat().map(([raDeg, decDeg]) => ({ raDeg, decDeg }));
    if (!corners.length) return undefined;
    const found = extentOf(corners);
    return found.radiusDeg > WIDEST_PART_DEG ? undefined : { middle: found.middle, radiusDeg: Math.max(found.radiusDeg, NARROWEST_DEG) };
  }

  private fill(width: number, height: number): void {
    const image = this.pen.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer); // a pixel at once: there are half a million
    const colours = new Map([...this.counts].map(([cell, count]) => [cell, packed(this.colour(count))]));
    const empty = packed(EMPTY);
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const at = this.view.toSky(x + 0.5, y + 0.5);
        if (at) pixels[y * width + x] = this.view.isWhole ? (colours.get(cellOf(at, this.sky.order)) ?? empty) : empty;
      }
    }
    this.pen.putImageData(image, 0, 0);
  }

  private colour(count: number): readonly number[] {
    const at = (Math.log1p(count) / Math.log1p(this.most)) * (COLOURS.length - 1);
    const [low, high] = [COLOURS[Math.floor(at)] ?? COLOURS[0], COLOURS[Math.ceil(at)] ?? COLOURS[0]];
    return low.map((each, i) => Math.round(each + ((high[i] ?? each) - each) * (at % 1)));
  }

  private grid(stepDeg: number): void {
    this.pen.strokeStyle = GRID;
    const fine = stepDeg / 15;
    for (let ra = 0; ra < 360; ra += stepDeg) this.line(range(-90, 90, fine).map((decDeg) => ({ raDeg: ra, decDeg })));
    for (let dec = -90 + stepDeg; dec < 90; dec += stepDeg) this.line(range(0.001, 359.999, fine).map((raDeg) => ({ raDeg, decDeg: dec })));
  }

  private outlines(): void {
    this.pen.strokeStyle = OUTLINE;
    for (const ring of this.sky.footprints) this.line(ring.map(([raDeg, decDeg]) => ({ raDeg, decDeg })));
  }

  private labels(ratio: number): void {
    this.pen.fillStyle = LABEL;
    this.pen.font = `${11 * ratio}px system-ui, sans-serif`;
    for (const raDeg of [60, 120, 180, 240, 300]) this.label(`${raDeg / 15}h`, { raDeg, decDeg: 0 }, 3 * ratio);
    for (const decDeg of [-60, -30, 30, 60]) this.label(`${decDeg > 0 ? "+" : "−"}${Math.abs(decDeg)}°`, { raDeg: 180, decDeg }, 3 * ratio);
  }

  private label(text: string, at: Place, shift: number): void {
    const pixel = this.view.toPixel(at);
    if (pixel) this.pen.fillText(text, pixel[0] + shift, pixel[1] - shift);
  }

  /** A line through places; broken where it leaves the view or jumps across the edge of the sky. */
  private line(places: readonly Place[]): void {
    this.pen.beginPath();
    let last: [number, number] | undefined;
    for (const each of places) {
      const pixel = this.view.toPixel(each);
      if (!pixel) last = undefined;
      else if (last && Math.abs(pixel[0] - last[0]) < this.canvas.width / 4) this.pen.lineTo(...pixel);
      else this.pen.moveTo(...pixel);
      last = pixel;
    }
    this.pen.stroke();
  }
}

/** Red, green and blue as the four bytes of an opaque pixel, in the order of this machine. */
function packed([red = 0, green = 0, blue = 0]: readonly number[]): number {
  return new Uint32Array(Uint8Array.of(red, green, blue, 255).buffer)[0] ?? 0;
}

function whole(width: number, height: number): View {
  const scale = Math.min(width / 4, height / 2) * 0.98;
  return {
    isWhole: true,
    toSky: (x, y) => place({ x: (x - width / 2) / scale, y: (height / 2 - y) / scale }),
    toPixel: (at) => {
      const { x, y } = project(at);
      return [width / 2 + x * scale, height / 2 - y * scale];
    },
  };
}

function part(width: number, height: number, { middle, radiusDeg }: { middle: Place; radiusDeg: number }): View {
  const scale = (height / 2) * 0.9 / Math.tan((radiusDeg * Math.PI) / 180);
  return {
    isWhole: false,
    toSky: (x, y) => placeOnTangent({ x: (x - width / 2) / scale, y: (height / 2 - y) / scale }, middle),
    toPixel: (at) => {
      const point = projectTangent(at, middle);
      return point && [width / 2 + point.x * scale, height / 2 - point.y * scale];
    },
  };
}

const spacing = (radiusDeg: number): number => [10, 5, 2, 1, 0.5].find((step) => step <= radiusDeg) ?? 0.5;

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 2 }, (_, i) => Math.min(to, from + i * step));
}
