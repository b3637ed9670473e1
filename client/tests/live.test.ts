import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isOwn, Live, seldom, type State } from "../src/lib/live";

/** A stream that the test opens, breaks and refuses. */
class Source {
  static made: Source[] = [];
  readyState = 0;
  onopen?: () => void;
  onerror?: () => void;
  heard = new Map<string, (event: unknown) => void>();
  constructor(readonly url: string) {
    Source.made.push(this);
  }
  addEventListener(name: string, hear: (event: unknown) => void) {
    this.heard.set(name, hear);
  }
  close() {
    this.readyState = 2;
  }
}

const page = {
  hidden: false,
  listeners: [] as (() => void)[],
  addEventListener: (_: string, act: () => void, { signal }: { signal: AbortSignal }) => {
    page.listeners.push(act);
    signal.addEventListener("abort", () => (page.listeners = page.listeners.filter((each) => each !== act)));
  },
};

beforeEach(() => {
  vi.useFakeTimers();
  Source.made = [];
  page.hidden = false;
  page.listeners = [];
  vi.stubGlobal("EventSource", Source);
  vi.stubGlobal("document", page);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function begin(address = "/events/?site_id=lsc", asksToo = false) {
  const states: State[] = [];
  let n = 0;
  const live = new Live({ address, names: ["frame.ingested"], ask: () => (n += 1), show: (state) => states.push(state), everyMs: 15_000, asksToo });
  return { live, states, asked: () => n, source: () => Source.made.at(-1) as Source };
}

test("many events of a second are one question, and the last of them is not lost", () => {
  const { source, asked } = begin();
  source().onopen?.();
  vi.advanceTimersByTime(0);
  expect(asked()).toBe(1); // what came between the page and the stream
  vi.advanceTimersByTime(5_000);
  for (let turn = 0; turn < 50; turn += 1) source().heard.get("frame.ingested")?.({});
  vi.advanceTimersByTime(1);
  source().heard.get("frame.ingested")?.({});
  vi.advanceTimersByTime(998);
  expect(asked()).toBe(2);
  vi.advanceTimersByTime(2);
  expect(asked()).toBe(3);
});

test("with a stream nobody asks in vain; without one the page asks every 15 s and tries the stream again", () => {
  const { source, asked, states } = begin();
  source().onopen?.();
  vi.advanceTimersByTime(60_000);
  expect(asked()).toBe(1);
  const refused = source();
  refused.readyState = 2;
  refused.onerror?.();
  expect(states.at(-1)).toBe("asking");
  vi.advanceTimersByTime(30_001);
  expect(asked()).toBe(3);
  vi.advanceTimersByTime(30_000);
  expect(Source.made).toHaveLength(2);
  expect(states.at(-1)).toBe("connecting");
});

test("a connection that the browser mends itself is not given up", () => {
  const { source, states } = begin();
  source().onopen?.();
  source().onerror?.();
  expect(states.at(-1)).toBe("connecting");
  source().onopen?.();
  expect(states.at(-1)).toBe("live");
  expect(Source.made).toHaveLength(1);
});

test("while nobody looks nothing is asked; who comes back sees what came meanwhile", () => {
  const { source, asked, states } = begin();
  page.hidden = true;
  for (const act of page.listeners) act();
  expect([states.at(-1), source().readyState]).toEqual(["resting", 2]);
  vi.advanceTimersByTime(60_000);
  expect(asked()).toBe(0);
  page.hidden = false;
  for (const act of page.listeners) act();
  vi.advanceTimersByTime(1);
  expect(asked()).toBe(1);
  expect(Source.made).toHaveLength(2);
});

test("what an event wants is not asked for once nobody looks", () => {
  const { source, asked } = begin();
  source().onopen?.();
  page.hidden = true;
  vi.advanceTimersByTime(1);
  expect(asked()).toBe(0);
});

test("what has ended listens to nothing and asks for nothing, whatever happens", () => {
  const { live, source, asked } = begin();
  const ended = source();
  ended.onopen?.();
  live.end();
  expect([ended.readyState, page.listeners.length]).toEqual([2, 0]);
  vi.advanceTimersByTime(120_000);
  expect([asked(), Source.made.length]).toEqual([0, 1]);
});

test("without an address, or with a stream that does not know who asks, the page asks by itself", () => {
  const without = begin("");
  expect([without.states.at(-1), Source.made.length]).toEqual(["asking", 0]);
  const elsewhere = begin("http://127.0.0.1:8001/events/", true);
  elsewhere.source().onopen?.();
  vi.advanceTimersByTime(15_001);
  expect(elsewhere.asked()).toBe(2);
  expect(isOwn("/events/?a=1", "http://127.0.0.1:8000/site/x/")).toBe(true);
  expect(isOwn("http://127.0.0.1:8001/events/", "http://127.0.0.1:8000/site/x/")).toBe(false);
});

test("what is called seldom is called at once, and then once in a while", () => {
  let n = 0;
  const act = seldom(() => (n += 1), 1_000);
  act();
  vi.advanceTimersByTime(0);
  expect(n).toBe(1);
  act();
  act();
  vi.advanceTimersByTime(1_000);
  expect(n).toBe(2);
});
