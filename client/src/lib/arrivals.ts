/** The bar above a list that stands open: how many frames have come since it was made. It shows them when it is asked to. */
import { heardBy, Live } from "./live";

const NAMES = ["frame.ingested"];
const SHORTEST_MS = 5_000; // a night brings several frames a second
const AGAIN_MS = 60_000; // after a question that the archive did not answer
const GONE = 410; // what came since is no longer known
const OLD = "New frames may have come: show";
export const MOST = 100;

interface Answer {
  frames: number[];
  after: number;
  has_more: boolean;
}

/** What the bar says; nothing of no frame. */
export function says(n: number): string {
  if (n === 0) return "";
  return `${n < MOST ? n : `${MOST}+`} new frame${n === 1 ? "" : "s"}: show`;
}

export class Arrivals {
  private readonly live: Live;
  private readonly frames = new Set<number>();
  private readonly shown: ReadonlySet<number>;
  private readonly link: HTMLAnchorElement | null;
  private after: string;
  private isAsking = false;
  private again: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly bar: HTMLElement) {
    this.link = bar.querySelector("a");
    this.after = bar.dataset["after"] ?? "";
    this.shown = new Set(shownBy(bar));
    this.say(says(0));
    this.live = new Live({ ...heardBy(bar), names: NAMES, shortestMs: SHORTEST_MS, ask: () => void this.ask(), show: () => undefined });
  }

  end(): void {
    clearTimeout(this.again);
    this.live.end();
  }

  private async ask(): Promise<void> {
    if (this.isAsking) return this.live.asked();
    this.isAsking = true;
    try {
      this.take(await this.answer());
    } catch {
      this.again = setTimeout(this.live.asked, AGAIN_MS);
    }
    this.isAsking = false;
  }

  /** What the archive says; undefined where it does not know any more. */
  private async answer(): Promise<Answer | undefined> {
    const address = new URL(this.bar.dataset["address"] ?? "", location.href);
    address.searchParams.set("after", this.after);
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (answer.status === GONE) return undefined;
    if (!answer.ok) throw new Error(`The archive answered ${answer.status}.`);
    return (await answer.json()) as Answer;
  }

  private take(answer: Answer | undefined): void {
    for (const frame of answer?.frames ?? []) if (!this.shown.has(frame)) this.frames.add(frame);
    const n = this.frames.size;
    this.say(answer || n ? says(n) : OLD);
    if (!answer || n >= MOST) return this.end();
    this.after = String(answer.after);
    if (answer.has_more) this.live.asked();
  }

  /** A text that stays the same is not told again. */
  private say(text: string): void {
    if (!this.link || this.link.textContent === text) return;
    this.link.textContent = text;
    this.link.hidden = text === "";
  }
}

/** Frames that the page has already: in its rows, or because they were on their way when it was made. */
function shownBy(bar: HTMLElement): number[] {
  const rows = Array.from(document.querySelectorAll<HTMLElement>("[data-frame]"), (row) => Number(row.dataset["frame"]));
  return [...rows, ...(bar.dataset["waiting"] ?? "").split(",").map(Number)];
}
