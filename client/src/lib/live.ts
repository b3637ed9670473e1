/**
 * The archive's live stream (Server-Sent Events), for pages that show what is new.
 *
 * It says only that something changed: a page asks for its part anew, at most once in a while. The browser comes back by
 * itself where it stopped (Last-Event-ID); where the stream can not be had, the page asks every few seconds instead, and
 * the stream is tried again. While nobody looks at the page, it listens to nothing.
 */

/** What a page can say of itself: it listens, it tries to, or it asks every few seconds. */
export type State = "live" | "connecting" | "asking" | "resting";

export interface Options {
  /** Address of the stream with its terms; empty: there is none. */
  address: string;
  /** Names of the events that matter. */
  names: readonly string[];
  /** Ask for the part anew. */
  ask: () => void;
  show: (state: State) => void;
  /** How often to ask without a stream, ms. */
  everyMs: number;
  /** Ask every so often also with a stream, because it may not tell everything. */
  asksToo?: boolean;
  /** Hears each event itself. */
  hear?: (event: MessageEvent<string>) => void;
  /** Between two questions, ms; SHORTEST_MS where nothing is said. */
  shortestMs?: number;
}

export const SHORTEST_MS = 1_000;
const AGAIN_MS = 60_000; // until the stream is tried again that could not be had
const CLOSED = 2; // EventSource.CLOSED, also where tests have no such class

/** Calls `act` at once, and then at most once in `everyMs`; the last call is never lost. */
export function seldom(act: () => void, everyMs: number, now: () => number = Date.now): () => void {
  let last = Number.NEGATIVE_INFINITY;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  return () => {
    if (waiting !== undefined) return;
    waiting = setTimeout(
      () => {
        waiting = undefined;
        last = now();
        act();
      },
      Math.max(0, last + everyMs - now()),
    );
  };
}

/** Whether a stream of this address knows who is asking: cookies go to the page's own origin alone. */
export const isOwn = (address: string, page: string): boolean => new URL(address, page).origin === new URL(page).origin;

/** What `archive/web/live.html` says of a part of the page: where its stream is, and how often to ask without. */
export function heardBy(part: HTMLElement): Pick<Options, "address" | "everyMs" | "asksToo"> {
  const address = part.dataset["stream"] ?? "";
  // A stream elsewhere does not know who is asking, and tells of what is public alone.
  const asksToo = "known" in part.dataset && address !== "" && !isOwn(address, location.href);
  return { address, everyMs: Number(part.dataset["refreshS"]) * 1000, asksToo };
}

/** Keep a part of the page as new as can be. */
export class Live {
  private source: EventSource | undefined;
  private state: State = "resting";
  private again: ReturnType<typeof setTimeout> | undefined;
  private readonly over = new AbortController();
  private readonly ticking: ReturnType<typeof setInterval>;
  /** Ask again as soon as may be, once for all that want it. */
  readonly asked: () => void;

  constructor(private readonly options: Options) {
    this.asked = seldom(() => this.ask(), options.shortestMs ?? SHORTEST_MS);
    this.ticking = setInterval(() => this.tick(), options.everyMs);
    document.addEventListener("visibilitychange", () => (document.hidden ? this.rest() : this.wake()), { signal: this.over.signal });
    if (document.hidden) this.become("resting");
    else this.listen();
  }

  /** Listen to nothing and ask for nothing any more. */
  end(): void {
    this.over.abort();
    clearInterval(this.ticking);
    this.stop();
  }

  /** Who looks away or has ended since it was wanted is not asked for: a page that comes back asks by itself. */
  private ask(): void {
    if (!document.hidden && !this.over.signal.aborted) this.options.ask();
  }

  private tick(): void {
    if (!document.hidden && (this.state !== "live" || this.options.asksToo)) this.asked();
  }

  private rest(): void {
    this.stop();
    this.become("resting");
  }

  /** What happened meanwhile was not heard: ask for it. */
  private wake(): void {
    this.asked();
    this.listen();
  }

  private stop(): void {
    clearTimeout(this.again);
    this.source?.close();
    this.source = undefined;
  }

  private listen(): void {
    this.stop();
    if (!this.options.address || typeof EventSource === "undefined") {
      this.become("asking");
      return;
    }
    this.become("connecting");
    const source = new EventSource(this.options.address);
    this.source = source;
    source.onopen = () => {
      // Between the page and the stream something may have come: once asked, nothing is missed.
      if (this.state !== "live") this.asked();
      this.become("live");
    };
    source.onerror = () => this.lost(source);
    for (const name of this.options.names) {
      source.addEventListener(name, (event) => {
        this.options.hear?.(event as MessageEvent<string>);
        this.asked();
      });
    }
  }

  /** The browser comes back by itself, unless it was refused. */
  private lost(source: EventSource): void {
    if (source !== this.source) return;
    if (source.readyState !== CLOSED) {
      this.become("connecting");
      return;
    }
    this.stop();
    this.become("asking");
    this.again = setTimeout(() => this.listen(), AGAIN_MS);
  }

  private become(state: State): void {
    this.state = state;
    this.options.show(state);
  }
}
