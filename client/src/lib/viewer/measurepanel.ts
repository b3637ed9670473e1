/** What is measured: statistics of what is seen, a profile along a line, and how wide a star is. */
import { button, make, plot, short } from "./elements";
import type { Layer } from "./layer";
import { lineProfile, measureStar, type Star, statistics } from "./measure";
import type { Marks } from "./painter";
import { seen, type Size, type View } from "./view";

export type Tool = "move" | "line" | "star";
type Point = { x: number; y: number };

const [STAR_RADIUS_PX, FWHM_PER_SIGMA] = [15, 2 * Math.sqrt(2 * Math.log(2))];
const HINTS: Record<Tool, string> = {
  move: "Drag or use the arrows to move.",
  line: "Choose two points: press, or Enter at the marked pixel.",
  star: "Choose a star: press, or Enter at the marked pixel.",
};

export class MeasurePanel {
  readonly element: HTMLElement;
  readonly tools: HTMLElement;
  tool: Tool = "move";
  marks: Marks = {};
  private readonly facts = make("dl", { class: "facts" });
  private readonly of = make("p", { class: "soft small" });
  private readonly result = make("div", { class: "viewer-result", role: "status" });
  private readonly hint = make("p", { class: "soft small" }, HINTS.move);

  constructor(private readonly changed: () => void) {
    const names = [["move", "Move"], ["line", "Line profile"], ["star", "Star"]] as const;
    const buttons = names.map(([tool, text]) => button(text, () => this.use(tool), { "data-tool": tool }));
    this.tools = make("div", { class: "toolbar", role: "group", "aria-label": "What a press does" }, ...buttons);
    this.element = make(
      "section", { class: "card", "aria-label": "Measurements" }, make("h3", {}, "What is seen"), this.facts, this.of,
      make("h3", {}, "Profiles"), this.hint, this.result,
    );
    this.use("move");
  }

  use(tool: Tool): void {
    this.tool = tool;
    this.hint.textContent = HINTS[tool];
    for (const each of this.tools.querySelectorAll("button")) each.setAttribute("aria-pressed", String(each.dataset["tool"] === tool));
  }

  showStatistics(layer: Layer, view: View, screen: Size, ratio: number): void {
    const { parts, bin } = layer.values(seen(view, layer.size, screen), view, screen, ratio);
    const found = statistics(parts);
    const named = found ? ([["n", String(found.n)], ["mean", short(found.mean)], ["median", short(found.median)], ["std", short(found.std)], ["min", short(found.min)], ["max", short(found.max)]] as const) : [];
    this.facts.replaceChildren(...named.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", { "data-statistic": name }, value))));
    const unit = layer.info.unit ? `, ${layer.info.unit}` : "";
    this.of.textContent = !found ? "No pixel here has a value." : bin === 1 ? `Of all pixels${unit}.` : `Of means of ${bin} × ${bin} pixels${unit}: zoom in for the pixels themselves.`;
  }

  /** A pixel was chosen with the tool in hand. */
  choose(layer: Layer, at: Point): void {
    const sample = (x: number, y: number): number => layer.value(x, y)?.value ?? NaN;
    if (this.tool === "line") {
      const line = this.marks.line?.length === 1 ? [...this.marks.line, at] : [at];
      this.marks = { line };
      if (line[0] && line[1]) this.showLine(sample, line[0], line[1]);
      else this.result.replaceChildren(make("p", {}, "Now the other end."));
    } else if (this.tool === "star") {
      const star = layer.value(at.x, at.y)?.bin === 1 ? measureStar(sample, at, STAR_RADIUS_PX) : undefined;
      this.marks = star ? { circle: { x: star.x, y: star.y, radius: STAR_RADIUS_PX } } : {};
      this.showStar(layer, at, star);
    }
    this.changed();
  }

  private showLine(sample: (x: number, y: number) => number, from: Point, to: Point): void {
    const points = lineProfile(sample, from, to);
    const [length, values] = [points.at(-1)?.[0] ?? 0, points.map(([, value]) => value).filter(Number.isFinite)];
    const said = values.length ? `${short(Number(length.toFixed(1)))} px, from ${short(Math.min(...values))} to ${short(Math.max(...values))}` : "no pixel on it has a value";
    const where = (point: Point): string => `(${Math.round(point.x)}, ${Math.round(point.y)})`;
    this.result.replaceChildren(make("p", {}, `From ${where(from)} to ${where(to)}: ${said}.`));
    if (values.length) this.result.append(plot({ label: `Values along the line: ${said}`, x: "px", points, isLine: true }));
  }

  private showStar(layer: Layer, at: Point, star: Star | undefined): void {
    if (!star) {
      const isCoarse = (layer.value(at.x, at.y)?.bin ?? 1) > 1;
      this.result.replaceChildren(make("p", {}, isCoarse ? "Zoom in until each pixel is seen, then choose the star." : "No star is found here."));
      return;
    }
    const scale = layer.sky?.scaleArcsec(star.x, star.y);
    const width = `${star.fwhm.toFixed(2)} px${scale ? ` = ${(star.fwhm * scale).toFixed(2)}″` : ""}`;
    const said = `FWHM ${width} at x ${star.x.toFixed(2)}, y ${star.y.toFixed(2)}; ${short(star.peak)} above a sky of ${short(star.sky)}`;
    const sigma = star.fwhm / FWHM_PER_SIGMA;
    const curve = (r: number): number => star.sky + star.peak * Math.exp(-(r * r) / (2 * sigma * sigma));
    this.result.replaceChildren(
      make("p", { "data-star": star.fwhm.toFixed(3) }, `${said}. A round Gaussian and a flat sky, fitted.`),
      plot({ label: `Values by distance from the star: ${said}`, x: "px", points: star.points, isLine: false, curve }),
    );
  }
}
