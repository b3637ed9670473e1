"""Whole headers, as JSON: some 250 keys, most of which say the same of every frame of an instrument."""

import json
from functools import cache

N_OTHER_KEYS = 226


@cache
def _rest(instrument: str) -> str:
    """The part that is the same for every frame of an instrument, from its second key on."""
    other = {f"KEY{number:03d}": _value(instrument, number) for number in range(N_OTHER_KEYS)}
    return json.dumps(other)[1:]


def _value(instrument: str, number: int) -> object:
    match number % 4:
        case 0:
            return number / 7
        case 1:
            return number * 37
        case 2:
            return f"{instrument} part {number}"
        case _:
            return number % 8 == 3


def header_json(fields: str, *, instrument: str, number: int) -> str:
    """Header of a frame: `fields` are its own keys, as JSON without braces; a few readings vary with `number`."""
    own = (
        f'{{{fields}, "SIMPLE": true, "BITPIX": -32, "NAXIS": 2, "NAXIS1": 4096, "NAXIS2": 4096, '
        f'"AIRMASS": {1 + number % 1009 / 1000}, "CCDATEMP": {-100 + number % 97 / 50}, '
        f'"WMSTEMP": {5 + number % 131 / 10}, "MOONDIST": {number % 180}, "FOCPOSN": {number % 503 / 1000}, '
        f'"AZIMUTH": {number % 3600 / 10}, "ALTITUDE": {30 + number % 600 / 10}, '
    )
    return own + _rest(instrument)
