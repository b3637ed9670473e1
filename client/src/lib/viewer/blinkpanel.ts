/** Several frames in turn at the same place. */
import { button, choice, field, make } from "./elements";

export interface Kin {
  readonly id: number;
  readonly name: string;
}

const INTERVALS = [["250", "0.25 s"], ["500", "0.5 s"], ["1000", "1 s"], ["2000", "2 s"]] as const;

export class BlinkPanel {
  readonly element: HTMLElement;
  private readonly list = make("ul", { class: "viewer-kin" });
  private readonly play = button("Play", () => this.toggle(), { class: "button small primary" });
  private readonly next = button("Next", () => this.does.next());
  private readonly align: HTMLSelectElement;
  private everyMs = 500;
  private timer = 0;

  constructor(private readonly kin: Kin[], private readonly does: {
    chosen: (id: number, isIn: boolean) => void; next: () => void; aligned: (by: "pixel" | "sky") => void;
  }) {
    this.align = choice([["pixel", "pixel"], ["sky", "place on the sky"]] as const, does.aligned);
    const interval = choice(INTERVALS, (ms) => this.pace(Number(ms)));
    interval.value = String(this.everyMs);
    const id = make("input", { type: "number", min: 1, step: 1, inputmode: "numeric" });
    const form = make("form", { class: "toolbar" }, field("Another frame's id", id), make("button", { class: "button small" }, "Add"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (id.value) this.add(Number(id.value));
      id.value = "";
    });
    const how = make("div", { class: "fields" }, field("Every", interval), field("Aligned by", this.align));
    this.element = make(
      "section", { class: "card", "aria-label": "Blink" }, make("h3", {}, "Blink"),
      make("p", { class: "soft small" }, "Chosen frames are shown in turn with this one."), this.list, form, how,
      make("div", { class: "toolbar" }, this.play, this.next),
    );
  }

  show(others: readonly number[], align: "pixel" | "sky"): void {
    for (const id of others) if (!this.kin.some((each) => each.id === id)) this.kin.push({ id, name: `Frame ${id}` });
    this.list.replaceChildren(...this.kin.map(({ id, name }) => this.row(id, name, others.includes(id))));
    this.align.value = align;
    [this.play.disabled, this.next.disabled] = [others.length === 0, others.length === 0];
    if (others.length === 0) this.stop();
  }

  toggle(): void {
    if (this.timer) this.stop();
    else if (!this.play.disabled) {
      this.timer = window.setInterval(() => { if (!document.hidden) this.does.next(); }, this.everyMs);
      this.play.textContent = "Pause";
    }
  }

  stop(): void {
    window.clearInterval(this.timer);
    [this.timer, this.play.textContent] = [0, "Play"];
  }

  private pace(ms: number): void {
    this.everyMs = ms;
    if (this.timer) {
      this.stop();
      this.toggle();
    }
  }

  private add(id: number): void {
    if (!this.kin.some((each) => each.id === id)) this.kin.push({ id, name: `Frame ${id}` });
    this.does.chosen(id, true);
  }

  private row(id: number, name: string, isIn: boolean): HTMLLIElement {
    const box = make("input", { type: "checkbox" });
    box.checked = isIn;
    box.addEventListener("change", () => this.does.chosen(id, box.checked));
    return make("li", {}, make("label", { class: "choice" }, box, make("span", {}, name)));
  }
}
