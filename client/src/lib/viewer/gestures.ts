/** What pointers, the wheel and keys do on the picture. */

export interface Gestures {
  /** Moved by so many pixels of the screen. */
  readonly pan: (dx: number, dy: number) => void;
  /** Zoomed by a factor around a point of the picture; without one, around its middle. */
  readonly zoom: (factor: number, at?: { x: number; y: number }) => void;
  readonly fit: () => void;
  /** The pointer is at a point of the picture, or left it. */
  readonly hover: (at: { x: number; y: number } | undefined) => void;
  /** A point was chosen: by a short press, or by Enter for what is read in the middle. */
  readonly choose: (at: { x: number; y: number } | undefined) => void;
  readonly key: (key: string) => void;
}

const [STEP_PX, KEY_FACTOR, WHEEL, STILL_PX] = [48, 1.5, 0.0015, 4];
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
};

export function listen(canvas: HTMLCanvasElement, does: Gestures): void {
  const at = (event: MouseEvent): { x: number; y: number } => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const down = new Map<number, { x: number; y: number }>();
  let moved = 0;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    if (down.size === 0) moved = 0;
    down.set(event.pointerId, at(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    const [now, before] = [at(event), down.get(event.pointerId)];
    if (!before) return does.hover(now);
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    const part = other ? 0.5 : 1; // of two fingers each moves the picture half
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    does.pan((now.x - before.x) * part, (now.y - before.y) * part);
    if (other) {
      const [apart, was] = [Math.hypot(now.x - other.x, now.y - other.y), Math.hypot(before.x - other.x, before.y - other.y)];
      if (was > 1) does.zoom(apart / was, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
      moved = Infinity;
    }
    down.set(event.pointerId, now);
    does.hover(now);
  });
  canvas.addEventListener("pointerup", (event) => {
    if (down.delete(event.pointerId) && moved < STILL_PX) does.choose(at(event));
  });
  canvas.addEventListener("pointercancel", (event) => down.delete(event.pointerId));
  canvas.addEventListener("pointerleave", () => does.hover(undefined));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    does.zoom(Math.exp(-event.deltaY * WHEEL * (event.deltaMode ? 20 : 1)), at(event));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => byKey(event, does));
}

function byKey(event: KeyboardEvent, does: Gestures): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const arrow = ARROWS[event.key];
  const step = event.shiftKey ? 0 : STEP_PX; // with Shift: one pixel of the image, which `pan` knows by a step of none
  if (arrow) step ? does.pan(arrow[0] * step, arrow[1] * step) : does.key(event.key);
  else if (event.key === "+" || event.key === "=") does.zoom(KEY_FACTOR);
  else if (event.key === "-") does.zoom(1 / KEY_FACTOR);
  else if (event.key === "0") does.fit();
  else if (event.key === "Enter") does.choose(undefined);
  else return does.key(event.key);
  event.preventDefault();
}
