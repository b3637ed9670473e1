"""The header of a cutout: the image's own cards, with its WCS moved and scaled to the region.

With pixels p of the image and q of the cutout, both counted from one, a region that begins at x0 (from zero) with
blocks of b pixels has p = x0 + b (q - 1/2) + 1/2. So CRPIX becomes (CRPIX - x0 - 1/2) / b + 1/2, all that is per pixel
(CD, CDELT) grows b times, and a coefficient of SIP for u^p v^q becomes b^(p + q - 1) times itself: SIP stays exact.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from archive.downloads.cutout_layout import Part
from archive.downloads.cutout_region import Region
from ingest.cards import CARD_BYTES, COMMENTARY, parse_value
from ingest.fits_layout import BLOCK_BYTES

HISTORY_LENGTH = 72
# How the numbers were coded, how large the image was, sums of its bytes, and places in it that are others now.
_OF_THE_FILE = re.compile(
    r"SIMPLE|XTENSION|BITPIX|NAXIS\d{0,3}|[PG]COUNT|GROUPS|EXTEND|INHERIT|BSCALE|BZERO|BLANK|CHECKSUM|DATASUM|DATA(MIN|MAX)"
    r"|(DATA|TRIM|BIAS|CCD|DET|AMP)SEC[A-Z0-9]?|LT[VM]\d(_\d)?|CUT(X0|Y0|WID|HEI|BIN|HDU|PLANE|CLIP|FRAME|VERS)|CONTINUE|END"
)
_TABLE_DISTORTION = re.compile(
    r"(CPDIS|CPERR|CQDIS|D2IMDIS|D2IMERR|AXISCORR|DP|DQ|D2IM|DET2IM)\d?(_\d+)?[A-Z]?|DP\d.*|D2IM\d?.*"
)
_AXIS = r"(?P<axis>\d{1,2})"
_ALT = r"(?P<alt>[A-Z]?)"
_WCS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<kind>CRPIX|CDELT|CRVAL|CTYPE|CUNIT|CNAME|CRDER|CSYER|CROTA){_AXIS}{_ALT}",
        rf"(?P<kind>CD|PC){_AXIS}_(?P<other>\d{{1,2}}){_ALT}",
        rf"(?P<kind>PV|PS){_AXIS}_\d{{1,2}}{_ALT}",
        rf"(?P<kind>WCSAXES){_ALT}",
    )
)
_SIP = re.compile(r"[AB]P?_(?P<p>\d)_(?P<q>\d)")
_SIP_MOST = re.compile(r"[AB]P?_DMAX")
_SKY = re.compile(r"(RA--|DEC-|[GEHS]LON|[GEHS]LAT|.LON|.LAT).*")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a cutout is of."""

    frame_id: int
    version_id: int
    part: Part


def cutout_header(cards: str, region: Region, origin: Origin) -> bytes:
    """Header blocks of a cutout; `cards` are those of the image, 80 characters each, without END."""
    kept = list(_kept(cards, region))
    lines = [*_structure(region), *kept, *_account(cards, region, origin), "END"]
    text = "".join(line.ljust(CARD_BYTES) for line in lines).encode("ascii")
    return text.ljust(-(-len(text) // BLOCK_BYTES) * BLOCK_BYTES, b" ")


def text_of(cards: str, key: str) -> str:
    """Text of a card; empty when there is none."""
    value = _values(cards).get(key)
    return value if isinstance(value, str) else ""


def _structure(region: Region) -> list[str]:
    return [
        _card("SIMPLE", value=True),
        _card("BITPIX", value=-32),
        _card("NAXIS", value=2),
        _card("NAXIS1", value=region.nx),
        _card("NAXIS2", value=region.ny),
    ]


def _kept(cards: str, region: Region) -> Iterator[str]:
    """Cards that hold for the cutout too, those of the WCS as they are there."""
    values = _values(cards)
    unusable = _unusable(values)
    follows_dropped = False
    for card in _split(cards):
        key = card[:8].rstrip()
        if key == "CONTINUE":
            if not follows_dropped:
                yield card
            continue
        follows_dropped = bool(_OF_THE_FILE.fullmatch(key) or _TABLE_DISTORTION.fullmatch(key))
        if follows_dropped:
            continue
        if key in COMMENTARY or card[8:10] != "= ":
            yield card
            continue
        changed = _changed(key, card, region, unusable)
        follows_dropped = changed is None
        if changed is not None:
            yield changed
    yield from _unsaid(values, region, unusable)


def _changed(key: str, card: str, region: Region, unusable: frozenset[str]) -> str | None:
    """The card as the cutout has it; None when it is of an axis or a WCS that the cutout has not."""
    if sip := _SIP.fullmatch(key):
        return _scaled(key, card, float(region.bin) ** (int(sip["p"]) + int(sip["q"]) - 1))
    if _SIP_MOST.fullmatch(key):
        return _scaled(key, card, 1.0 / region.bin)
    match = next((found for pattern in _WCS if (found := pattern.fullmatch(key))), None)
    if match is None:
        return card
    axis = int(match.groupdict().get("axis") or 1)
    other = int(match.groupdict().get("other") or 1)
    if match["alt"] in unusable or not {axis, other} <= {1, 2}:
        return None
    return _changed_of_wcs(match["kind"], key, card, axis=axis, region=region)


def _changed_of_wcs(kind: str, key: str, card: str, *, axis: int, region: Region) -> str:
    if kind == "WCSAXES":
        return _card(key, value=2)
    if kind == "CRPIX" and _is_number(value := parse_value(card[10:])):
        return _card(key, value=_moved(value, axis, region))
    return _scaled(key, card, float(region.bin)) if kind in {"CD", "CDELT"} else card


def _moved(reference_px: float, axis: int, region: Region) -> float:
    shift = region.x0 if axis == 1 else region.y0
    if region.bin == 1:
        return float(reference_px - shift)
    return (reference_px - shift - 0.5) / region.bin + 0.5


def _scaled(key: str, card: str, factor: float) -> str:
    value = parse_value(card[10:])
    return card if factor == 1.0 or not _is_number(value) else _card(key, value=float(value) * factor)


def _unsaid(values: Mapping[str, Any], region: Region, unusable: frozenset[str]) -> Iterator[str]:
    """What a WCS leaves to its defaults, which are others here: CRPIX 0, and CDELT 1 where there is no CD."""
    for alt in {key[6:] for key in values if re.fullmatch(rf"CTYPE[12]{_ALT}", key)} - unusable:
        has_cd = any(f"CD{i}_{j}{alt}" in values for i in (1, 2) for j in (1, 2))
        for axis in (1, 2):
            if f"CRPIX{axis}{alt}" not in values:
                yield _card(f"CRPIX{axis}{alt}", value=_moved(0.0, axis, region))
            if region.bin > 1 and not has_cd and f"CDELT{axis}{alt}" not in values:
                yield _card(f"CDELT{axis}{alt}", value=float(region.bin))


def _unusable(values: Mapping[str, Any]) -> frozenset[str]:
    """Letters of WCSs that two axes can not carry: in tables, or with one axis of the sky beyond the first two."""
    letters = {key[6:] for key in values if re.fullmatch(rf"CTYPE\d{_ALT}", key)}
    found = set()
    for alt in letters:
        types = [str(values.get(f"CTYPE{axis}{alt}", "")) for axis in range(1, 10)]
        n_sky = sum(bool(_SKY.fullmatch(kind)) for kind in types[:2])
        if n_sky == 1 or any(kind.endswith("-TAB") for kind in types):
            found.add(alt)
    return frozenset(found)


def _account(cards: str, region: Region, origin: Origin) -> list[str]:
    """What the cutout is of, and what was done to it."""
    part = origin.part
    facts = {
        "CUTFRAME": origin.frame_id,
        "CUTVERS": origin.version_id,
        "CUTHDU": part.number,
        "CUTPLANE": region.plane,
        "CUTX0": region.x0,
        "CUTY0": region.y0,
        "CUTWID": region.width,
        "CUTHEI": region.height,
        "CUTBIN": region.bin,
        "CUTCLIP": region.is_clipped,
    }
    said = [
        f"Cut out of frame {origin.frame_id}, HDU {part.number}, plane {region.plane}: pixels from zero, "
        f"x {region.x0} to {region.x0 + region.width - 1}, y {region.y0} to {region.y0 + region.height - 1}."
    ]
    if region.bin > 1:
        said.append(f"Means of {region.bin} x {region.bin} pixels; those without a value are left out.")
    if region.is_clipped:
        said.append(f"The region was cut to the image of {part.width} x {part.height} pixels.")
    said += _losses(cards, region)
    return [
        *(_card(key, value=value) for key, value in facts.items()),
        *(line for text in said for line in _history(text)),
    ]


def _losses(cards: str, region: Region) -> list[str]:
    values = _values(cards)
    said = []
    if any(_SIP.fullmatch(key) for key in values) and region.bin > 1:
        said.append("The coefficients of SIP were scaled to the larger pixels.")
    if any(_TABLE_DISTORTION.fullmatch(key) for key in values):
        said.append("Distortions by tables (CPDIS, D2IM) were left out: the tables are not here.")
    if _unusable(values):
        said.append("A WCS that stands in a table, or on other axes, was left out.")
    return said


def _history(text: str) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > HISTORY_LENGTH - 1:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [f"HISTORY {line}" for line in lines]


def _card(key: str, *, value: bool | float) -> str:
    text = ("T" if value else "F") if isinstance(value, bool) else repr(value).upper()
    return f"{key:8}= {text:>20}"


def _values(cards: str) -> dict[str, Any]:
    """Values by keyword; of a repeated one the first counts."""
    found: dict[str, Any] = {}
    for card in _split(cards):
        if card[8:10] == "= ":
            found.setdefault(card[:8].rstrip(), parse_value(card[10:]))
    return found


def _split(cards: str) -> list[str]:
    return [cards[at : at + CARD_BYTES] for at in range(0, len(cards), CARD_BYTES)]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
