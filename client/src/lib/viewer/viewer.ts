/** A viewer of one frame's pixels, and of others that blink with it: a part that any page can hold. */
import { BlinkPanel, type Kin } from "./blinkpanel";
import { button, choice, field, make, short } from "./elements";
import { listen } from "./gestures";
import { Layer } from "./layer";
import { type LookChoice, LookPanel } from "./lookpanel";
import { MeasurePanel } from "./measurepanel";
import { type Look, Painter } from "./painter";
import { fineSexagesimal } from "./sky";
import { FIRST, formatState, type State } from "./state";
import { fitted, held, toImage, type View, zoomedAt } from "./view";

export interface Setup {
  readonly frame: Kin;
  /** Address of a frame's cutouts, with `0` where its id stands. */
  readonly address: string;
  readonly kin: readonly Kin[];
  /** Whether what is seen is written into the page's address. */
  readonly isInAddress: boolean;
}

const SETTLED_MS = 250;
const HELP = "Arrows move, with Shift by a pixel; plus and minus zoom, 0 shows all, Enter chooses, b blinks, n shows the next frame.";

export class Viewer {
  readonly element: HTMLElement;
  private readonly canvas = make("canvas", { tabindex: 0, role: "application", "aria-roledescription": "image viewer" });
  private readonly says = make("p", { class: "viewer-says", role: "status" });
  private readonly readout = make("dl", { class: "viewer-readout" });
  private readonly told = make("p", { class: "visually-hidden", "aria-live": "polite" });
  private readonly which = make("div", { class: "fields" });
  private readonly painter = new Painter(this.canvas);
  private readonly look: LookPanel;
  private readonly measures = new MeasurePanel(() => this.draw());
  private readonly blink: BlinkPanel;
  private readonly layers = new Map<number, Layer>();
  private shown: number;
  private view: View | undefined;
  private pointer: { x: number; y: number } | undefined;
  private settling = 0;
  private drawing = 0;

  constructor(private readonly setup: Setup, private state: State = FIRST) {
    this.shown = setup.frame.id;
    this.view = state.view;
    this.look = new LookPanel((part) => this.relook(part));
    this.blink = new BlinkPanel([...setup.kin], {
      chosen: (id, isIn) => void this.choose(id, isIn),
      next: () => this.next(),
      aligned: (align) => this.update({ align }),
    });
    this.canvas.setAttribute("aria-label", `Pixels of ${setup.frame.name}`);
    this.element = this.built();
    listen(this.canvas, {
      pan: (dx, dy) => this.move((view) => ({ ...view, x: view.x - dx / view.zoom, y: view.y + dy / view.zoom })),
      zoom: (factor, at) => this.zoom(factor, at),
      fit: () => this.fit(),
      hover: (at) => this.hover(at),
      choose: (at) => this.pick(at),
      key: (key) => this.key(key),
    });
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  async open(): Promise<void> {
    await this.load(this.setup.frame.id, this.state.hdu, this.state.plane);
    for (const id of this.state.others) await this.load(id);
  }

  private built(): HTMLElement {
    const bar = make(
      "div", { class: "toolbar", role: "group", "aria-label": "View" }, button("All", () => this.fit()), button("+", () => this.zoom(1.5), { "aria-label": "Larger" }),
      button("−", () => this.zoom(1 / 1.5), { "aria-label": "Smaller" }), button("1:1", () => this.move((view) => ({ ...view, zoom: 1 }))),
    );
    const stage = make("div", { class: "viewer-stage" }, this.canvas, this.says);
    const left = make("div", { class: "viewer-left" }, stage, this.readout, this.told, make("p", { class: "soft small" }, HELP));
    const right = make("div", { class: "stack" }, this.look.element, this.measures.element, this.blink.element);
    const head = make("header", {}, make("h2", {}, "Pixels"), bar, this.measures.tools);
    return make("section", { class: "card viewer", "aria-label": "Viewer of pixels" }, head, this.which, make("div", { class: "viewer-parts" }, left, right));
  }

  private async load(id: number, hdu?: number, plane = 0): Promise<void> {
    this.say(`Reading ${this.nameOf(id)} …`);
    try {
      const layer = await Layer.open(this.setup.address.replace("/0/", `/${id}/`), (fault) => this.loaded(fault), hdu, plane);
      this.layers.get(id)?.close();
      this.layers.set(id, layer);
      this.say("");
      if (id === this.setup.frame.id) this.offer(layer);
    } catch (error) {
      this.say(`${this.nameOf(id)}: ${error instanceof Error ? error.message : String(error)}`);
      this.element.dataset["state"] = "failed";
      if (id !== this.setup.frame.id) this.update({ others: this.state.others.filter((each) => each !== id) });
    }
    this.draw();
  }

  /** Which image of the file, and which plane of a cube. */
  private offer(layer: Layer): void {
    const { images, planes, hdu } = layer.info;
    const made: HTMLElement[] = [];
    if (images.length > 1) {
      const select = choice(images.map((each) => [String(each.hdu), `${each.hdu} ${each.name}`.trim()] as const), (chosen) => this.reopen(Number(chosen), 0));
      select.value = String(hdu);
      made.push(field("Image", select));
    }
    if (planes > 1) {
      const input = make("input", { type: "number", min: 0, max: planes - 1, step: 1, value: layer.plane });
      input.addEventListener("change", () => this.reopen(hdu, Math.min(planes - 1, Math.max(0, Math.trunc(Number(input.value))))));
      made.push(field(`Plane, 0 to ${planes - 1}`, input));
    }
    this.which.replaceChildren(...made);
  }

  private reopen(hdu: number, plane: number): void {
    const isOther = hdu !== this.layers.get(this.setup.frame.id)?.info.hdu;
    if (isOther) this.view = undefined;
    this.update({ hdu, plane });
    void this.load(this.setup.frame.id, hdu, plane);
  }

  private get layer(): Layer | undefined {
    return this.layers.get(this.shown);
  }

  /** The first frame's view: all others follow from it. */
  private get own(): View | undefined {
    const first = this.layers.get(this.setup.frame.id);
    if (!first) return undefined;
    this.view = this.view ? held(this.view, first.size, this.painter.screen) : fitted(first.size, this.painter.screen);
    return this.view;
  }

  /** The view of the frame that is shown: at the same pixel, or at the same place and scale on the sky. */
  private viewNow(): View | undefined {
    const [own, first, layer] = [this.own, this.layers.get(this.setup.frame.id), this.layer];
    if (!own || !first || !layer || layer === first || this.state.align === "pixel") return own;
    const target = first.sky?.direction(own.x, own.y);
    const [at, scale] = [target && layer.sky?.pixel(target), first.sky?.scaleArcsec(own.x, own.y)];
    const other = at && layer.sky?.scaleArcsec(at.x, at.y);
    return at && scale && other ? { ...at, zoom: (own.zoom * other) / scale } : own;
  }

  private get lookNow(): Look & LookChoice {
    const { stretch, colours, mode } = this.state;
    const limits = mode === "hand" && this.state.limits ? this.state.limits : (this.layer?.limits(mode) ?? { low: 0, high: 1 });
    return { stretch, colours, mode, limits };
  }

  private draw(): void {
    if (this.drawing) return;
    this.drawing = requestAnimationFrame(() => {
      this.drawing = 0;
      const [layer, view] = [this.layer, this.viewNow()];
      if (!layer || !view || !this.painter.screen.width) return;
      const look = this.lookNow;
      const cursor = this.cursor(view);
      this.painter.draw(layer, view, look, { ...this.measures.marks, cursor });
      this.look.show(look, layer.sorted);
      this.blink.show(this.state.others, this.state.align);
      this.read(layer, cursor);
      this.settle();
    });
  }

  private settle(): void {
    window.clearTimeout(this.settling);
    const { screen, ratio } = this.painter;
    this.settling = window.setTimeout(() => {
      const [layer, view] = [this.layer, this.viewNow()];
      if (!layer || !view) return;
      layer.load(view, screen, ratio);
      this.measures.showStatistics(layer, view, screen, ratio);
      this.element.dataset["state"] = layer.isWhole(view, screen, ratio) ? "whole" : "loading";
      this.write();
    }, SETTLED_MS);
  }

  /** The pixel that is read: under the pointer, or in the middle. */
  private cursor(view: View): { x: number; y: number } {
    const { screen } = this.painter;
    const at = this.pointer ?? { x: screen.width / 2, y: screen.height / 2 };
    const found = toImage(view, screen, at.x, at.y);
    return { x: Math.round(found.x), y: Math.round(found.y) };
  }

  private read(layer: Layer, { x, y }: { x: number; y: number }): void {
    const [value, place] = [layer.value(x, y), layer.sky?.place(x, y)];
    const mean = value && value.bin > 1 ? ` (mean of ${value.bin} × ${value.bin})` : "";
    const facts: [string, string, string][] = [
      ["value", "Value", value ? `${short(value.value)} ${layer.info.unit}`.trim() + mean : "outside"],
      ["pixel", "x, y from 0", `${x}, ${y}`],
      ["fits", "FITS, from 1", `${x + 1}, ${y + 1}`],
      ["sky", "RA, Dec", place ? fineSexagesimal(place) : "unknown"],
      ["degrees", "Degrees, ICRS", place ? `${place.raDeg.toFixed(6)} ${place.decDeg.toFixed(6)}`.replace("-", "−") : (layer.info.sky_fault || "no WCS")],
    ];
    if (this.layers.size > 1) facts.unshift(["frame", "Frame", this.nameOf(this.shown)]);
    this.readout.replaceChildren(...facts.map(([name, term, said]) => make("div", {}, make("dt", {}, term), make("dd", { "data-read": name }, said))));
    if (!this.pointer && document.activeElement === this.canvas) this.told.textContent = facts.map(([, term, said]) => `${term} ${said}`).join("; ");
  }

  private move(change: (view: View) => View): void {
    const view = this.own;
    if (!view) return;
    this.view = change(view);
    this.draw();
  }

  private zoom(factor: number, at?: { x: number; y: number }): void {
    const { screen } = this.painter;
    this.move((view) => zoomedAt(view, screen, factor, at?.x ?? screen.width / 2, at?.y ?? screen.height / 2));
  }

  private fit(): void {
    this.view = undefined;
    this.draw();
  }

  private hover(at: { x: number; y: number } | undefined): void {
    this.pointer = at;
    this.draw();
  }

  private pick(at: { x: number; y: number } | undefined): void {
    const [layer, view] = [this.layer, this.viewNow()];
    if (!layer || !view) return;
    if (!at) this.pointer = undefined;
    this.measures.choose(layer, at ? toImage(view, this.painter.screen, at.x, at.y) : this.cursor(view));
  }

  private key(key: string): void {
    const step = ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] } as const)[key];
    if (step) this.move((view) => ({ ...view, x: Math.round(view.x) + step[0], y: Math.round(view.y) + step[1] }));
    if (step) this.pointer = undefined;
    if (key === "b") this.blink.toggle();
    if (key === "n") this.next();
  }

  private next(): void {
    const order = [this.setup.frame.id, ...this.state.others].filter((id) => this.layers.has(id));
    this.shown = order[(order.indexOf(this.shown) + 1) % order.length] ?? this.setup.frame.id;
    this.draw();
  }

  private async choose(id: number, isIn: boolean): Promise<void> {
    const others = this.state.others.filter((each) => each !== id);
    if (id !== this.setup.frame.id) this.update({ others: isIn ? [...others, id] : others });
    if (!isIn && this.shown === id) this.shown = this.setup.frame.id;
    if (isIn && !this.layers.has(id)) await this.load(id);
    this.draw();
  }

  private relook(part: Partial<LookChoice>): void {
    this.update(part.mode === "hand" && !part.limits ? { ...part, limits: this.lookNow.limits } : part);
  }

  private update(part: Partial<State>): void {
    this.state = { ...this.state, ...part };
    this.draw();
  }

  private loaded(fault?: string): void {
    if (fault) this.say(fault);
    this.draw();
  }

  private say(text: string): void {
    this.says.textContent = text;
    this.says.hidden = !text;
  }

  private nameOf(id: number): string {
    return [this.setup.frame, ...this.setup.kin].find((each) => each.id === id)?.name ?? `Frame ${id}`;
  }

  private write(): void {
    if (this.setup.isInAddress) history.replaceState(history.state, "", formatState({ ...this.state, view: this.view }));
  }
}
