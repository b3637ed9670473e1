/** Draws a layer: cutouts as coloured pictures, the pixel that is read, and marks. */
import { coloured, tableOf, type Colours } from "./colours";
import type { Cutout } from "./fits";
import type { Layer } from "./layer";
import type { Limits, Stretch } from "./stretch";
import { type Size, toScreen, type View } from "./view";

export interface Look {
  readonly stretch: Stretch;
  readonly colours: Colours;
  readonly limits: Limits;
}

export interface Marks {
  /** The pixel that is read, from 0. */
  readonly cursor?: { x: number; y: number } | undefined;
  readonly line?: readonly { x: number; y: number }[] | undefined;
  readonly circle?: { x: number; y: number; radius: number } | undefined;
}

const [MARK, SHADE] = ["#ffd24a", "rgba(0, 0, 0, 0.75)"];

export class Painter {
  private readonly pen: CanvasRenderingContext2D;
  private readonly pictures = new WeakMap<Cutout, { look: string; canvas: HTMLCanvasElement }>();
  private table: { name: string; entries: Uint32Array } | undefined;

  constructor(readonly canvas: HTMLCanvasElement) {
    const pen = canvas.getContext("2d");
    if (!pen) throw new Error("This browser draws on no canvas.");
    this.pen = pen;
  }

  get ratio(): number {
    return window.devicePixelRatio || 1;
  }

  get screen(): Size {
    return { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
  }

  draw(layer: Layer | undefined, view: View, look: Look, marks: Marks): void {
    const { screen, ratio, pen } = this;
    [this.canvas.width, this.canvas.height] = [Math.round(screen.width * ratio), Math.round(screen.height * ratio)];
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (!layer) return;
    pen.imageSmoothingEnabled = false;
    for (const cutout of layer.drawn(view, screen, ratio)) {
      const corner = toScreen(view, screen, cutout.x0 - 0.5, cutout.y0 - 0.5 + cutout.height * cutout.bin);
      const scale = cutout.bin * view.zoom;
      pen.drawImage(this.picture(cutout, look), corner.x, corner.y, cutout.width * scale, cutout.height * scale);
    }
    this.mark(view, marks);
  }

  private picture(cutout: Cutout, look: Look): HTMLCanvasElement {
    const name = `${look.stretch} ${look.colours} ${look.limits.low} ${look.limits.high}`;
    const held = this.pictures.get(cutout);
    if (held?.look === name) return held.canvas;
    const canvas = held?.canvas ?? document.createElement("canvas");
    [canvas.width, canvas.height] = [cutout.width, cutout.height];
    const packed = coloured(cutout.pixels, cutout.width, look.limits, this.tableFor(look));
    canvas.getContext("2d")?.putImageData(new ImageData(new Uint8ClampedArray(packed.buffer), cutout.width, cutout.height), 0, 0);
    this.pictures.set(cutout, { look: name, canvas });
    return canvas;
  }

  private tableFor({ stretch, colours }: Look): Uint32Array {
    const name = `${stretch} ${colours}`;
    if (this.table?.name !== name) this.table = { name, entries: tableOf(stretch, colours) };
    return this.table.entries;
  }

  private mark(view: View, { cursor, line, circle }: Marks): void {
    const to = (x: number, y: number): { x: number; y: number } => toScreen(view, this.screen, x, y);
    if (cursor) {
      const [corner, side] = [to(cursor.x - 0.5, cursor.y + 0.5), view.zoom];
      const half = Math.max(side, 9) / 2;
      const middle = { x: corner.x + side / 2, y: corner.y + side / 2 };
      this.stroke((pen) => pen.rect(middle.x - half, middle.y - half, 2 * half, 2 * half));
    }
    const points = (line ?? []).map(({ x, y }) => to(x, y));
    const [first, second] = points;
    if (first && second) this.stroke((pen) => (pen.moveTo(first.x, first.y), pen.lineTo(second.x, second.y)));
    for (const point of points) this.stroke((pen) => pen.arc(point.x, point.y, 4, 0, 2 * Math.PI));
    if (circle) {
      const middle = to(circle.x, circle.y);
      this.stroke((pen) => pen.arc(middle.x, middle.y, circle.radius * view.zoom, 0, 2 * Math.PI));
    }
  }

  /** Dark below bright: seen on any picture. */
  private stroke(path: (pen: CanvasRenderingContext2D) => void): void {
    for (const [colour, width] of [[SHADE, 3.5], [MARK, 1.5]] as const) {
      this.pen.beginPath();
      path(this.pen);
      [this.pen.strokeStyle, this.pen.lineWidth] = [colour, width];
      this.pen.stroke();
    }
  }
}
