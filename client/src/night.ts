/** The page of a night: plots large in a dialog, fits of the seeing as a film, and how far its reductions are. */
import { enlargePictures } from "./lib/enlarge";
import { heardBy, Live } from "./lib/live";
import { showFilms } from "./lib/show";

enlargePictures();
showFilms();

const NAMES = ["product.done", "product.failed", "product.cancelled"];

/** Until nothing is to be made any more. The stream tells how products end, not when they are begun: so the page asks too. */
function followProgress(): void {
  const part = (): HTMLElement | null => document.querySelector("#progress[data-stream]");
  const first = part();
  if (!first) return;
  const live = new Live({ ...heardBy(first), names: NAMES, asksToo: true, ask: () => part()?.dispatchEvent(new Event("progress-refresh")), show: () => undefined });
  document.addEventListener("htmx:afterSettle", () => {
    if (!part()) live.end();
  });
}

followProgress();
