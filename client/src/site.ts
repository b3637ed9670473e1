/** The page of a site: pictures and uploads come by themselves; what has just come is marked for a moment. */
import { heardBy, Live, type State } from "./lib/live";

const NAMES = ["frame.ingested", "frame.posted", "frame.updated", "frame.deleted", "previews.made", "family.updated", "family.deleted"];
const MARKED_MS = 6_000;
const LOOKS: Record<State, string> = { live: "good", connecting: "warn", asking: "warn", resting: "" };

const badge = document.querySelector<HTMLElement>("#live");
let known = keys();

function keys(): Set<string> {
  return new Set(Array.from(document.querySelectorAll<HTMLElement>("#pictures [data-key], #log [data-key]"), (each) => each.dataset.key ?? ""));
}

function show(state: State): void {
  if (!badge) return;
  const says: Record<State, string> = {
    live: "live",
    connecting: "connecting",
    asking: `asks every ${badge.dataset.refreshS} s`,
    resting: "rests while hidden",
  };
  badge.className = `badge live ${LOOKS[state]}`;
  badge.textContent = says[state];
}

function mark(): void {
  const before = known;
  known = keys();
  const fresh = Array.from(document.querySelectorAll<HTMLElement>("#pictures [data-key], #log [data-key]")).filter((each) => !before.has(each.dataset.key ?? ""));
  for (const each of fresh) {
    each.classList.add("is-new");
    setTimeout(() => each.classList.remove("is-new"), MARKED_MS);
  }
  const n = fresh.filter((each) => each.closest("#pictures")).length;
  const told = document.querySelector("#told");
  if (told && n > 0) told.textContent = n === 1 ? "A new picture has come." : `${n} new pictures have come.`;
}

document.addEventListener("htmx:afterSettle", mark);

if (badge) {
  new Live({
    ...heardBy(badge),
    names: NAMES,
    ask: () => document.querySelector("#pictures")?.dispatchEvent(new Event("site-refresh")),
    show,
  });
}
