/** Which part of an image is seen: pure arithmetic between pixels of the image and of the screen. */

/** The pixel (from 0) in the middle, and how many pixels of the screen one of the image takes. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Pixels from `x0`, `y0` up to, not including, `x1`, `y1`. */
export interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

const [LARGEST_ZOOM, TILE_PX] = [48, 512];

export const toImage = (view: View, screen: Size, sx: number, sy: number): { x: number; y: number } => ({
  x: view.x + (sx - screen.width / 2) / view.zoom,
  y: view.y - (sy - screen.height / 2) / view.zoom,
});

export const toScreen = (view: View, screen: Size, x: number, y: number): { x: number; y: number } => ({
  x: screen.width / 2 + (x - view.x) * view.zoom,
  y: screen.height / 2 - (y - view.y) * view.zoom,
});

export function fitted(image: Size, screen: Size): View {
  const zoom = Math.min(screen.width / image.width, screen.height / image.height);
  return { x: (image.width - 1) / 2, y: (image.height - 1) / 2, zoom };
}

/** Zoomed by a factor; what is at a point of the screen stays there. */
export function zoomedAt(view: View, screen: Size, factor: number, sx: number, sy: number): View {
  const zoom = view.zoom * factor;
  const at = toImage(view, screen, sx, sy);
  return { x: at.x - (sx - screen.width / 2) / zoom, y: at.y + (sy - screen.height / 2) / zoom, zoom };
}

/** With some of the image on the screen, not too small and not too large. */
export function held(view: View, image: Size, screen: Size): View {
  const least = fitted(image, screen).zoom / 2;
  const zoom = Math.min(Math.max(view.zoom, Math.min(least, 1)), Math.max(LARGEST_ZOOM, least));
  return { x: clamp(view.x, -0.5, image.width - 0.5), y: clamp(view.y, -0.5, image.height - 0.5), zoom };
}

/** Pixels of the image that are seen; none when x1 <= x0. */
export function seen(view: View, image: Size, screen: Size): Box {
  const [low, high] = [toImage(view, screen, 0, screen.height), toImage(view, screen, screen.width, 0)];
  return {
    x0: Math.max(0, Math.round(low.x)),
    y0: Math.max(0, Math.round(low.y)),
    x1: Math.min(image.width, Math.round(high.x) + 1),
    y1: Math.min(image.height, Math.round(high.y) + 1),
  };
}

/** How many pixels of the image become one, a power of two: about one for each pixel of the screen. */
export function binFor(zoom: number, largest: number): number {
  let bin = 1;
  while (bin * 2 <= largest && bin * 2 * zoom <= 1.01) bin *= 2;
  return bin;
}

/** Smallest bin by which an image is at most so many pixels wide and high. */
export function overviewBin({ width, height }: Size, mostPx: number): number {
  let bin = 1;
  while (Math.max(width, height) / bin > mostPx && bin < 1024) bin *= 2;
  return bin;
}

export interface Tile {
  readonly key: string;
  readonly x0: number;
  readonly y0: number;
  readonly side: number;
  readonly bin: number;
}

/** Tiles that cover a box, those in its middle first. */
export function tilesFor({ x0, y0, x1, y1 }: Box, bin: number): Tile[] {
  const side = TILE_PX * bin;
  const found: Tile[] = [];
  for (let row = Math.floor(y0 / side); row * side < y1; row += 1) {
    for (let column = Math.floor(x0 / side); column * side < x1; column += 1) {
      found.push({ key: `${bin}/${column}/${row}`, x0: column * side, y0: row * side, side, bin });
    }
  }
  const away = (tile: Tile): number => Math.hypot(tile.x0 + side / 2 - (x0 + x1) / 2, tile.y0 + side / 2 - (y0 + y1) / 2);
  return found.sort((one, other) => away(one) - away(other));
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));
