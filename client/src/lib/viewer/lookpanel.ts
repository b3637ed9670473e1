/** Stretch, limits with a histogram, and colours. */
import { COLOURS, type Colours } from "./colours";
import { choice, drawn, field, make, short } from "./elements";
import { histogram, type Limits, type Mode, MODES, quantile, type Stretch, STRETCHES } from "./stretch";

const MODE_WORDS: Record<Mode, string> = {
  zscale: "zscale", "99.9": "99.9 %", "99.5": "99.5 %", 99: "99 %", 95: "95 %", minmax: "least to greatest", hand: "by hand",
};
const [BINS, STEPS, HEIGHT] = [80, 1000, 60];

export interface LookChoice {
  stretch: Stretch;
  mode: Mode;
  limits: Limits;
  colours: Colours;
}

export class LookPanel {
  readonly element: HTMLElement;
  private readonly stretch: HTMLSelectElement;
  private readonly mode: HTMLSelectElement;
  private readonly colours: HTMLSelectElement;
  private readonly low = slider("Black, below all others");
  private readonly high = slider("White, above all others");
  private readonly told = make("output", { class: "soft small" });
  private readonly chart = drawn("svg", { viewBox: `0 0 ${BINS} ${HEIGHT}`, preserveAspectRatio: "none", class: "viewer-histogram", "aria-hidden": "true" });
  private range: Limits = { low: 0, high: 1 };

  constructor(private readonly changed: (part: Partial<LookChoice>) => void) {
    this.stretch = choice(STRETCHES.map((each) => [each, each] as const), (stretch) => changed({ stretch }));
    this.mode = choice(MODES.map((each) => [each, MODE_WORDS[each]] as const), (mode) => changed({ mode }));
    this.colours = choice(COLOURS.map((each) => [each, each] as const), (colours) => changed({ colours }));
    for (const each of [this.low, this.high]) each.addEventListener("input", () => this.byHand(each));
    const choices = make("div", { class: "fields" }, field("Stretch", this.stretch), field("Limits", this.mode), field("Colours", this.colours));
    const sliders = make("div", { class: "viewer-sliders" }, field("Black", this.low), field("White", this.high));
    this.element = make("section", { class: "card", "aria-label": "Brightness" }, make("h3", {}, "Brightness"), choices, this.chart, sliders, this.told);
  }

  /** Show what holds now; `sorted` are values of the image in order of size. */
  show({ stretch, mode, limits, colours }: LookChoice, sorted: Float32Array): void {
    [this.stretch.value, this.mode.value, this.colours.value] = [stretch, mode, colours];
    this.range = around(sorted, limits);
    const toStep = (value: number): string => String(Math.round(((value - this.range.low) / (this.range.high - this.range.low)) * STEPS));
    [this.low.value, this.high.value] = [toStep(limits.low), toStep(limits.high)];
    for (const [each, value] of [[this.low, limits.low], [this.high, limits.high]] as const) each.setAttribute("aria-valuetext", short(value));
    this.told.textContent = `${short(limits.low)} to ${short(limits.high)}`;
    this.draw(sorted, limits);
  }

  private byHand(moved: HTMLInputElement): void {
    const value = (each: HTMLInputElement): number => this.range.low + (Number(each.value) / STEPS) * (this.range.high - this.range.low);
    if (Number(this.low.value) >= Number(this.high.value)) {
      if (moved === this.low) this.low.value = String(Number(this.high.value) - 1);
      else this.high.value = String(Number(this.low.value) + 1);
    }
    this.changed({ mode: "hand", limits: { low: value(this.low), high: value(this.high) } });
  }

  private draw(sorted: Float32Array, limits: Limits): void {
    const counts = histogram(sorted, this.range, BINS).map((count) => Math.log1p(count));
    const most = Math.max(...counts, 1);
    const bars = counts.map((count, i) => `M${i} ${HEIGHT}h1v${-(count / most) * HEIGHT}h-1z`).join("");
    const edge = (value: number): number => ((value - this.range.low) / (this.range.high - this.range.low)) * BINS;
    const lines = `M${edge(limits.low)} 0V${HEIGHT}M${edge(limits.high)} 0V${HEIGHT}`;
    this.chart.replaceChildren(drawn("path", { class: "bars", d: bars }), drawn("path", { class: "limits", d: lines, "vector-effect": "non-scaling-stroke" }));
  }
}

/** Nearly all values, and the limits in any case. */
function around(sorted: Float32Array, limits: Limits): Limits {
  const known = sorted.length > 0;
  const [low, high] = known ? [quantile(sorted, 0.0005), quantile(sorted, 0.9995)] : [limits.low, limits.high];
  const spare = (limits.high - limits.low) * 0.02;
  return { low: Math.min(low, limits.low - spare), high: Math.max(high, limits.high + spare) };
}

function slider(title: string): HTMLInputElement {
  return make("input", { type: "range", min: 0, max: STEPS, step: 1, title });
}
