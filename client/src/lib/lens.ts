/** A magnifier over a picture: it follows the pointer, or the arrows while the picture has the focus. */

const LEAST = 2;
const MOST = 12;
const FIRST = 4;
const STEP = 0.02; // of the picture's width, by an arrow
const MOVES: Record<string, readonly [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Where the enlarged picture stands so that the place under the lens is at its middle; px. */
export function offset(share: number, width: number, times: number, lens: number): number {
  return lens / 2 - share * width * times;
}

export const within = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

class Lens {
  private readonly glass = Object.assign(document.createElement("div"), { className: "lens", hidden: true });
  private readonly large: HTMLImageElement;
  private times = FIRST;
  private x = 0.5;
  private y = 0.5;

  constructor(
    link: HTMLElement,
    private readonly picture: HTMLImageElement,
    private readonly range: HTMLInputElement,
  ) {
    this.large = Object.assign(document.createElement("img"), { src: picture.src, alt: "" });
    this.glass.setAttribute("aria-hidden", "true");
    this.glass.append(this.large);
    link.append(this.glass);
    link.addEventListener("pointermove", (event) => this.follow(event));
    link.addEventListener("pointerleave", () => this.hide());
    link.addEventListener("blur", () => this.hide());
    link.addEventListener("keydown", (event) => this.press(event));
    range.addEventListener("input", () => this.magnify(range.valueAsNumber));
  }

  private follow(event: PointerEvent): void {
    const box = this.picture.getBoundingClientRect();
    this.show((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  }

  private press(event: KeyboardEvent): void {
    const move = MOVES[event.key];
    if (move) this.show(this.x + move[0] * STEP, this.y + move[1] * STEP);
    else if (event.key === "+" || event.key === "=") this.magnify(this.times + 1);
    else if (event.key === "-") this.magnify(this.times - 1);
    else if (event.key === "Escape") this.hide();
    else return;
    event.preventDefault();
  }

  private magnify(times: number): void {
    this.times = within(times, LEAST, MOST);
    this.range.value = String(this.times);
    this.show(this.x, this.y);
  }

  private show(x: number, y: number): void {
    [this.x, this.y] = [within(x, 0, 1), within(y, 0, 1)];
    this.glass.hidden = false;
    const { clientWidth: width, clientHeight: height, offsetLeft: left, offsetTop: top } = this.picture;
    const [across, down] = [this.glass.clientWidth, this.glass.clientHeight];
    Object.assign(this.glass.style, { left: `${left + this.x * width - across / 2}px`, top: `${top + this.y * height - down / 2}px` });
    Object.assign(this.large.style, {
      width: `${width * this.times}px`,
      height: `${height * this.times}px`,
      left: `${offset(this.x, width, this.times, across)}px`,
      top: `${offset(this.y, height, this.times, down)}px`,
    });
  }

  private hide(): void {
    this.glass.hidden = true;
  }
}

/** Gives each picture in a link with `data-lens` a magnifier, and a slider for how strong it is. */
export function magnify(root: ParentNode = document): void {
  for (const link of root.querySelectorAll<HTMLElement>("a[data-lens]")) {
    const picture = link.querySelector("img");
    const caption = link.closest("figure")?.querySelector("figcaption");
    if (!picture || !caption) continue;
    const range = Object.assign(document.createElement("input"), { type: "range", min: String(LEAST), max: String(MOST), value: String(FIRST) });
    const label = Object.assign(document.createElement("label"), { className: "magnifier", textContent: "Magnifier " });
    const help = Object.assign(document.createElement("span"), { className: "visually-hidden", id: "magnifier-help", textContent: "Arrows move a magnifier, plus and minus change it, Escape takes it away, Enter shows the picture large." });
    label.append(range);
    caption.append(label, help);
    link.setAttribute("aria-describedby", help.id);
    new Lens(link, picture, range);
  }
}
