/** What is seen, in the part of the address behind `#`, so that it can be kept and sent. */
import { COLOURS, type Colours } from "./colours";
import { type Limits, type Mode, MODES, type Stretch, STRETCHES } from "./stretch";
import type { View } from "./view";

export interface State {
  /** Undefined: the whole image. */
  readonly view?: View | undefined;
  readonly stretch: Stretch;
  readonly mode: Mode;
  /** Only by hand. */
  readonly limits?: Limits | undefined;
  readonly colours: Colours;
  readonly hdu?: number | undefined;
  readonly plane: number;
  readonly others: readonly number[];
  readonly align: "pixel" | "sky";
}

export const FIRST: State = { stretch: "asinh", mode: "99.5", colours: "grey", plane: 0, others: [], align: "pixel" };
const NAME = "pixels";

/** The state in a fragment; undefined when it has none, so that the viewer stays closed. */
export function parseState(fragment: string): State | undefined {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  const where = given.get(NAME);
  if (where === null) return undefined;
  const [x, y, zoom] = numbers(where);
  const [low, high] = numbers(given.get("limits") ?? "");
  const isByHand = low !== undefined && high !== undefined && high > low;
  return {
    view: x !== undefined && y !== undefined && zoom !== undefined && zoom > 0 ? { x, y, zoom } : undefined,
    stretch: oneOf(STRETCHES, given.get("stretch")) ?? FIRST.stretch,
    mode: isByHand ? "hand" : (oneOf(MODES.filter((each) => each !== "hand"), given.get("limits")) ?? FIRST.mode),
    limits: isByHand ? { low, high } : undefined,
    colours: oneOf(COLOURS, given.get("colours")) ?? FIRST.colours,
    hdu: whole(given.get("hdu")),
    plane: whole(given.get("plane")) ?? 0,
    others: (given.get("blink") ?? "").split(",").map(whole).filter((each) => each !== undefined).slice(0, 12),
    align: given.get("align") === "sky" ? "sky" : "pixel",
  };
}

export function formatState(state: State): string {
  const { view, limits } = state;
  const said: [string, string | undefined][] = [
    [NAME, view ? [view.x.toFixed(1), view.y.toFixed(1), Number(view.zoom.toPrecision(4))].join(",") : "all"],
    ["stretch", state.stretch],
    ["limits", state.mode === "hand" && limits ? `${Number(limits.low.toPrecision(7))},${Number(limits.high.toPrecision(7))}` : state.mode],
    ["colours", state.colours],
    ["hdu", state.hdu === undefined ? undefined : String(state.hdu)],
    ["plane", state.plane ? String(state.plane) : undefined],
    ["blink", state.others.length ? state.others.join(",") : undefined],
    ["align", state.align === "sky" ? "sky" : undefined],
  ];
  return `#${said.filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${value}`).join("&")}`;
}

function numbers(text: string): number[] {
  const found = text.split(",").map(Number);
  return text !== "" && found.every(Number.isFinite) ? found : [];
}

const whole = (text: string | null): number | undefined => (text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined);

function oneOf<T extends string>(names: readonly T[], text: string | null): T | undefined {
  return names.find((each) => each === text);
}
