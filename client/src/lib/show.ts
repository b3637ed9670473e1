/** Pictures of a list one after the other in the same place, as a film: each stands for 300 ms. Without scripts they
 * stand side by side. Nothing moves by itself for those who asked their system for less motion. */

export const EVERY_MS = 300;

/** The place after this one; behind the last comes the first. */
export const after = (place: number, count: number, step = 1): number => (((place + step) % count) + count) % count;

class Show {
  private place = 0;
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly play = button("Play");
  private readonly slider: HTMLInputElement;
  private readonly says = document.createElement("output");

  constructor(
    private readonly list: HTMLElement,
    private readonly items: readonly HTMLElement[],
  ) {
    this.slider = Object.assign(document.createElement("input"), { type: "range", min: "1", max: String(items.length), value: "1" });
    this.slider.setAttribute("aria-label", "Which picture");
    this.says.className = "soft small";
    list.classList.add("is-show");
    list.removeAttribute("tabindex"); // there is nothing to scroll any more
    list.after(this.controls());
    for (const each of items) each.querySelector("img")?.setAttribute("loading", "eager");
    this.go(0);
    this.heed(matchMedia("(prefers-reduced-motion: reduce)"));
  }

  private controls(): HTMLElement {
    const bar = Object.assign(document.createElement("div"), { className: "toolbar show-controls" });
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", "Film of the fits");
    const [back, on] = [button("←", "The picture before"), button("→", "The next picture")];
    back.addEventListener("click", () => this.halt(after(this.place, this.items.length, -1)));
    on.addEventListener("click", () => this.halt(after(this.place, this.items.length)));
    this.play.addEventListener("click", () => (this.timer ? this.halt() : this.run()));
    this.slider.addEventListener("input", () => this.halt(this.slider.valueAsNumber - 1));
    bar.append(back, this.play, on, this.slider, this.says);
    return bar;
  }

  private heed(less: MediaQueryList): void {
    less.addEventListener("change", () => {
      if (less.matches) this.halt();
    });
    if (!less.matches) this.run();
  }

  private run(): void {
    this.play.textContent = "Pause";
    this.says.setAttribute("aria-live", "off");
    this.timer = setInterval(() => this.next(), EVERY_MS);
  }

  private halt(place = this.place): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.play.textContent = "Play";
    this.says.setAttribute("aria-live", "polite");
    this.go(place);
  }

  /** A picture that has not come yet is waited for. */
  private next(): void {
    const place = after(this.place, this.items.length);
    if (!document.hidden && this.items[place]?.querySelector("img")?.complete !== false) this.go(place);
  }

  private go(place: number): void {
    this.place = place;
    this.items.forEach((each, number) => each.classList.toggle("is-shown", number === place));
    this.slider.value = String(place + 1);
    const what = this.items[place]?.querySelector("figcaption")?.textContent ?? "";
    this.slider.setAttribute("aria-valuetext", what);
    this.says.textContent = `${place + 1} of ${this.items.length}`;
    this.list.setAttribute("aria-label", "Fits of the seeing, one after the other");
  }
}

function button(text: string, label = ""): HTMLButtonElement {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "button small", textContent: text });
  if (label) made.setAttribute("aria-label", label);
  return made;
}

/** Makes a film of each list with `data-show` that has more than one picture. */
export function showFilms(root: ParentNode = document): void {
  for (const list of root.querySelectorAll<HTMLElement>("[data-show]")) {
    const items = [...list.querySelectorAll<HTMLElement>(":scope > li")];
    if (items.length > 1) new Show(list, items);
  }
}
