/** Numbers and places as people read them. */
import type { Place } from "./projection";

export const grouped = (value: number): string => value.toLocaleString("en");

/** `13:29:53 +47:11:43`: hours, minutes and seconds of right ascension, degrees of declination; to the second. */
export function sexagesimal({ raDeg, decDeg }: Place): string {
  const raS = Math.round(raDeg * 240) % 86400;
  const decArcsec = Math.round(Math.abs(decDeg) * 3600);
  return `${parts(raS)} ${decDeg < 0 && decArcsec > 0 ? "-" : "+"}${parts(decArcsec)}`;
}

function parts(seconds: number): string {
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((each) => String(each).padStart(2, "0")).join(":");
}
