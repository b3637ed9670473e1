// The page of telemetry plots: asks for what the address says, draws it, and keeps the address as what is shown.
import { HEIGHT_PX, draw, number, utc } from "./telemetry-plot.js";

const page = document.getElementById("plots");
const status = document.getElementById("status");
const cards = [...page.querySelectorAll(".card")];
const night = { from: Number(page.dataset.nightStart), to: Number(page.dataset.nightEnd) };
const view = { from: Number(page.dataset.start), to: Number(page.dataset.end) };
const SHORTEST_S = 1;
const LONGEST_S = 31 * 86400;
let plots = [];
let shown = null;
let asking = null;

const iso = (seconds) => new Date(seconds * 1000).toISOString();
const seconds = (text) => new Date(text).getTime() / 1000; // to the millisecond, as plots need it

async function ask(address, terms) {
  const answer = await fetch(`${address}?${new URLSearchParams(terms)}`, { headers: { Accept: "application/json" }, signal: asking.signal });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail ?? `The archive answered ${answer.status}.`);
  return told;
}

async function load() {
  asking?.abort();
  asking = new AbortController();
  const mine = asking;
  say("Loading …");
  page.setAttribute("aria-busy", "true");
  const times = { start: iso(view.from), end: iso(view.to) };
  const keys = cards.map((card) => card.dataset.key).join(",");
  const of = (name) => [...new Set(cards.map((card) => card.dataset[name]))].join(",");
  try {
    const bins = Math.max(100, Math.min(1200, Math.round(page.clientWidth)));
    const [binned, gaps, spans] = await Promise.all([
      ask(page.dataset.binned, { keys, bins, ...times }),
      ask(page.dataset.gaps, { device: of("device"), event: of("event"), ...times }),
      ask(page.dataset.spans, times),
    ]);
    shown = { binned, gaps: gaps.results.map(lasting), spans: spans.results.map(lasting) };
    render();
    const values = binned.series.reduce((sum, each) => sum + each.count.reduce((a, b) => a + b, 0), 0);
    const decoding = binned.series.some((each) => each.undecoded.some(Boolean)) ? ", some are not decoded yet" : "";
    say(`${values.toLocaleString("en")} values in bins of ${number(binned.bin_s)} s${decoding}`);
  } catch (error) {
    if (mine.signal.aborted) return;
    say(`This could not be loaded: ${error.message}`);
  }
  page.removeAttribute("aria-busy");
}

const lasting = (each) => ({ ...each, from: each.start ? seconds(each.start) : view.from, to: each.end ? seconds(each.end) : view.to });

function render() {
  plots.forEach((plot) => plot.destroy());
  plots = cards.map((card, place) => {
    const holder = card.querySelector(".plot");
    const gaps = shown.gaps.filter((gap) => gap.device === card.dataset.device && gap.event === card.dataset.event);
    const told = card.querySelector(".reading");
    holder.hidden = false;
    return draw(holder, {
      series: shown.binned.series[place], binS: shown.binned.bin_s, gaps, spans: shown.spans, range: { ...view },
      chosen: show, told: (text) => { told.textContent = text; },
    });
  });
  renderLane();
  renderTables();
}

function renderLane() {
  const lane = document.getElementById("spans");
  const inside = shown.spans.filter((span) => span.to > view.from && span.from < view.to);
  lane.hidden = inside.length === 0;
  lane.replaceChildren(...inside.map((span) => {
    const bar = document.createElement("span");
    const from = Math.max(span.from, view.from), to = Math.min(span.to, view.to), whole = view.to - view.from;
    bar.style.left = `${(100 * (from - view.from)) / whole}%`;
    bar.style.width = `${(100 * (to - from)) / whole}%`;
    bar.textContent = span.title ?? "observation";
    bar.title = `${bar.textContent}: ${utc(span.from)} to ${span.end ? utc(span.to) : "now"}`;
    bar.classList.toggle("narrow", (lane.clientWidth * (to - from)) / whole < 40);
    return bar;
  }));
}

function renderTables() {
  const told = (at, text) => (at ? utc(text) : "–");
  const staff = document.querySelectorAll("#span-table thead th").length > 2;
  fill("span-table", shown.spans.map((span) => [told(span.start, span.from), told(span.end, span.to), ...(staff ? [span.title ?? "", span.email ?? ""] : [])]));
  fill("gap-table", shown.gaps.map((gap) => [gap.device, gap.event, told(gap.start, gap.from), told(gap.end, gap.to), `${number(gap.duration_s)} s`, gap.says]));
}

function fill(id, rows) {
  const table = document.getElementById(id);
  table.hidden = false;
  table.querySelector(".count").textContent = `(${rows.length})`;
  table.querySelector("tbody").replaceChildren(...rows.map((cells) => {
    const row = document.createElement("tr");
    for (const text of cells) row.append(Object.assign(document.createElement("td"), { textContent: text }));
    return row;
  }));
}

// Shows another time: in the plots, in the address, and in all links that say it.
function show(from, to) {
  const length = Math.min(LONGEST_S, Math.max(SHORTEST_S, to - from));
  view.from = from;
  view.to = from + length;
  const terms = new URLSearchParams({ night: page.dataset.night });
  const isNight = view.from === night.from && view.to === night.to;
  if (!isNight) Object.entries({ start: iso(view.from), end: iso(view.to) }).forEach(([name, value]) => terms.set(name, value));
  cards.forEach((card) => terms.append("keys", card.dataset.key));
  history.replaceState(null, "", `?${terms}`);
  document.getElementById("from").textContent = utc(view.from);
  document.getElementById("to").textContent = utc(view.to);
  for (const link of page.querySelectorAll("a[data-format]")) retime(link, true);
  for (const link of page.querySelectorAll("a[aria-label^=Remove]")) retime(link, !isNight);
  for (const table of page.querySelectorAll(".card details")) staleTable(table, terms);
  load();
}

function retime(link, isNeeded) {
  const address = new URL(link.href);
  for (const [name, at] of [["start", view.from], ["end", view.to]]) {
    if (isNeeded) address.searchParams.set(name, iso(at));
    else address.searchParams.delete(name);
  }
  link.href = address;
}

function staleTable(table, terms) {
  const link = Object.assign(document.createElement("a"), { href: `?${terms}`, textContent: "Values of this time as a table" });
  const says = document.createElement("p");
  says.append(link);
  table.replaceChildren(table.querySelector("summary"), says);
}

function move(how) {
  const length = view.to - view.from, middle = (view.from + view.to) / 2;
  const moves = {
    earlier: () => show(view.from - length / 4, view.to - length / 4),
    later: () => show(view.from + length / 4, view.to + length / 4),
    in: () => show(middle - length / 4, middle + length / 4),
    out: () => show(middle - length, middle + length),
    night: () => show(night.from, night.to),
  };
  moves[how]();
}

const KEYS = { ArrowLeft: "earlier", ArrowRight: "later", "+": "in", "=": "in", "-": "out", Home: "night" };

function say(text) {
  status.textContent = text;
}

document.getElementById("moves").hidden = false;
document.getElementById("moves").addEventListener("click", (event) => {
  const how = event.target.closest("[data-move]")?.dataset.move;
  if (how) move(how);
});
page.addEventListener("keydown", (event) => {
  if (!event.target.classList.contains("plot") || !(event.key in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  move(KEYS[event.key]);
});
new ResizeObserver(() => {
  plots.forEach((plot, place) => {
    const width = cards[place].querySelector(".plot").clientWidth;
    if (width && width !== plot.width) plot.setSize({ width, height: HEIGHT_PX });
  });
}).observe(page);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => shown && render());
load();
