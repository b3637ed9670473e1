/** Sliders with two ends beside the two fields of a range, which do without them. At its ends a slider asks for nothing. */

const REST_MS = 500; // after the last move, so that keys held down ask once

/** Puts one beside each range below `root` that has none; `changed` is called once it rests. */
export function addSliders(root: ParentNode, changed: (form: HTMLFormElement) => void): void {
  for (const range of root.querySelectorAll<HTMLFieldSetElement>("fieldset[data-range]:not(:has(.slider))")) add(range, changed);
}

/** Ends that never cross: the one that is moved pushes no other, it stops there. */
export function held(value: number, other: number, isLower: boolean): number {
  return isLower ? Math.min(value, other) : Math.max(value, other);
}

/** What stands in the field: nothing at the end of the slider. */
export function written(value: number, end: number, step: number): string {
  return value === end ? "" : String(Number(value.toFixed(step < 1 ? 2 : 0)));
}

function add(range: HTMLFieldSetElement, changed: (form: HTMLFormElement) => void): void {
  const fields = [...range.querySelectorAll("input")];
  const [low, high, step] = ["low", "high", "step"].map((name) => Number(range.dataset[name])) as [number, number, number];
  const slider = Object.assign(document.createElement("div"), { className: "slider" });
  const ends = fields.map((field, place) => {
    const end = Object.assign(document.createElement("input"), { type: "range", id: `${field.id}-slider`, min: String(low), max: String(high), step: String(step) });
    end.setAttribute("aria-label", `${range.dataset["title"] ?? ""}: ${place ? "at most" : "at least"}, slider`);
    slider.append(end);
    return end;
  });
  const [first, last] = ends;
  if (!first || !last) return;
  let resting = 0;
  const show = (): void => {
    for (const [place, end] of ends.entries()) {
      const [text, bound] = [fields[place]?.value.trim() ?? "", place ? high : low];
      const value = text === "" || !Number.isFinite(Number(text)) ? bound : Number(text);
      end.value = String(value);
      end.setAttribute("aria-valuetext", text === "" ? "any" : text);
    }
    slider.classList.toggle("low", Number(first.value) > (low + high) / 2); // the end that can move lies on top
  };
  for (const [place, end] of ends.entries()) {
    end.addEventListener("input", () => {
      const value = held(Number(end.value), Number(ends[1 - place]?.value), place === 0);
      const field = fields[place];
      if (field) field.value = written(value, place ? high : low, step);
      show();
      clearTimeout(resting);
      resting = window.setTimeout(() => end.form && end.isConnected && changed(end.form), REST_MS);
    });
  }
  for (const field of fields) field.addEventListener("input", show);
  range.append(slider);
  show();
}
