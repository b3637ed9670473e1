/** Elements of the page, and small drawings as SVG. */

type Given = Readonly<Record<string, string | number | boolean>>;

/** An element with attributes; `true` sets one without a value, `false` leaves it out. */
export function make<K extends keyof HTMLElementTagNameMap>(name: K, given: Given = {}, ...content: (Node | string)[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  assign(made, given);
  made.append(...content);
  return made;
}

export function drawn(name: string, given: Given = {}, ...content: (Node | string)[]): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  assign(made, given);
  made.append(...content);
  return made;
}

function assign(made: Element, given: Given): void {
  for (const [key, value] of Object.entries(given)) if (value !== false) made.setAttribute(key, value === true ? "" : String(value));
}

let count = 0;

/** A label over its field. */
export function field(text: string, control: HTMLElement): HTMLElement {
  control.id ||= `viewer-field-${(count += 1)}`;
  return make("div", { class: "field" }, make("label", { for: control.id }, text), control);
}

export function choice<T extends string>(names: readonly (readonly [T, string])[], chosen: (value: T) => void): HTMLSelectElement {
  const made = make("select", {}, ...names.map(([value, text]) => make("option", { value }, text)));
  made.addEventListener("change", () => chosen(made.value as T));
  return made;
}

export function button(text: string, pressed: () => void, given: Given = {}): HTMLButtonElement {
  const made = make("button", { type: "button", class: "button small", ...given }, text);
  made.addEventListener("click", pressed);
  return made;
}

/** A number as people read it: five digits, no more than needed. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "no value" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text = size !== 0 && (size >= 1e7 || size < 1e-3) ? value.toExponential(4) : String(Number(value.toPrecision(6)));
  return text.replace("-", "−");
}

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [480, 180, 62, 26];

export interface Plot {
  readonly label: string;
  readonly x: string;
  readonly points: readonly (readonly [number, number])[];
  /** Joined by a line, or each for itself. */
  readonly isLine: boolean;
  readonly curve?: ((x: number) => number) | undefined;
}

/** A plot of values over px; what it shows is also in its label. */
export function plot({ label, x, points, isLine, curve }: Plot): SVGElement {
  const known = points.filter(([, value]) => Number.isFinite(value));
  const most = Math.max(...known.map(([at]) => at), 1e-9);
  const values = known.map(([, value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const toX = (at: number): number => LEFT + (at / most) * (WIDTH - LEFT - 8);
  const toY = (value: number): number => HEIGHT - BOTTOM - ((value - low) / (high - low || 1)) * (HEIGHT - BOTTOM - 10);
  const path = (pairs: readonly (readonly [number, number])[]): string =>
    pairs.map(([at, value], i) => `${i ? "L" : "M"}${toX(at).toFixed(1)} ${toY(value).toFixed(1)}`).join("");
  const made = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "viewer-plot", "aria-label": label });
  made.append(drawn("path", { class: "axis", d: `M${LEFT} 6V${HEIGHT - BOTTOM}H${WIDTH - 8}` }));
  for (const value of high > low ? [low, high] : [low]) {
    made.append(drawn("text", { x: LEFT - 6, y: toY(value) + 4, "text-anchor": "end" }, short(value)));
  }
  made.append(drawn("text", { x: LEFT, y: HEIGHT - 8 }, "0"));
  made.append(drawn("text", { x: WIDTH - 8, y: HEIGHT - 8, "text-anchor": "end" }, `${short(Number(most.toPrecision(3)))} ${x}`));
  if (isLine) made.append(drawn("path", { class: "line", d: path(known) }));
  else for (const [at, value] of known) made.append(drawn("circle", { class: "dot", cx: toX(at).toFixed(1), cy: toY(value).toFixed(1), r: 1.8 }));
  if (curve) made.append(drawn("path", { class: "fit", d: path(Array.from({ length: 61 }, (_, i) => [(i / 60) * most, curve((i / 60) * most)] as const)) }));
  return made;
}
