/** Asks the archive for cutouts and for what a file holds. */
import { type Cutout, parseCutout } from "./fits";
import type { Grid } from "./sky";

export interface ImageInfo {
  readonly hdu: number;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly planes: number;
}

export interface FrameInfo extends ImageInfo {
  readonly frame: number;
  readonly version: number;
  readonly unit: string;
  readonly images: readonly ImageInfo[];
  readonly sky: Grid | null;
  readonly sky_fault: string;
}

const [TRIES, WAIT_S] = [6, 5];

/** `address` is that of a frame's cutouts, such as `/frames/4/cutout/`. */
export class Source {
  constructor(private readonly address: string) {}

  async info(hdu?: number): Promise<FrameInfo> {
    const answer = await asked(`${this.address}sky/?${query({ hdu })}`, "application/json");
    return (await answer.json()) as FrameInfo;
  }

  async cutout(terms: Readonly<Record<string, number | undefined>>, signal?: AbortSignal): Promise<Cutout> {
    const answer = await asked(`${this.address}?${query(terms)}`, "image/fits", signal);
    return parseCutout(await answer.arrayBuffer());
  }
}

function query(terms: Readonly<Record<string, number | undefined>>): string {
  const said = Object.entries(terms).filter(([, value]) => value !== undefined);
  return new URLSearchParams(said.map(([name, value]) => [name, String(value)])).toString();
}

/** Waits as long as the archive says when it is busy. Throws an Error with the archive's own words. */
async function asked(address: string, accept: string, signal?: AbortSignal): Promise<Response> {
  for (let turn = 1; ; turn += 1) {
    const answer = await fetch(address, { headers: { Accept: accept }, ...(signal && { signal }) });
    if (answer.ok) return answer;
    if (answer.status !== 503 || turn === TRIES) throw new Error(await reason(answer));
    const waitS = Number(answer.headers.get("Retry-After")) || WAIT_S;
    await new Promise((go) => setTimeout(go, Math.min(waitS, 30) * 1000));
    signal?.throwIfAborted();
  }
}

async function reason(answer: Response): Promise<string> {
  const said = await answer.json().catch(() => undefined) as { detail?: unknown } | undefined;
  if (answer.status === 429) return "These are more requests than the archive takes in a while: wait a little.";
  return typeof said?.detail === "string" ? said.detail : `The archive answered ${answer.status}.`;
}
