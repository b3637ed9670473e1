"""Plot the mean Strehl ratio of each laser against the seeing, an exposure a point, for one target of MUSE.

    pip install requests numpy matplotlib
    export ARCHIVE_TOKEN=… ARCHIVE=https://archive.example.org
    python muse_strehl_seeing.py "NGC 3201" strehl.png

`muse_client.py` lies beside this program. Exposures without adaptive optics have no Strehl ratio, and no point.
"""

import sys
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from muse_client import Archive

mpl.use("agg")  # needs no screen
from matplotlib import pyplot as plt

STREHLS = ("strehl_1", "strehl_2", "strehl_3", "strehl_4")
MARKS = ("o", "s", "^", "D")  # each laser has a shape too, for who sees no colours


def plot(table: Mapping[str, Any], target: str, path: str) -> int:
    """Write the plot; answers how many exposures it shows."""
    seeing_arcsec = np.asarray(table["seeing_arcsec"], float)
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    shown = np.zeros(len(seeing_arcsec), dtype=bool)
    for laser, (key, mark) in enumerate(zip(STREHLS, MARKS, strict=True), start=1):
        strehl = np.asarray(table[key], float)
        shown |= np.isfinite(strehl) & np.isfinite(seeing_arcsec)
        axes.scatter(seeing_arcsec, strehl, marker=mark, s=28, alpha=0.8, label=f"laser {laser}")
    axes.set(xlabel="seeing at the zenith (arcsec)", ylabel="mean Strehl ratio", ylim=(0, None))
    axes.set_title(f"{target}: {shown.sum()} exposures")
    axes.grid(alpha=0.3)
    axes.legend(ncols=len(STREHLS), frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.14))
    figure.savefig(path, dpi=150)
    return int(shown.sum())


def main(target: str, path: str) -> None:
    table = Archive().table(["seeing_arcsec", *STREHLS], target=target)
    if not len(table["exposure"]):
        raise SystemExit(f"There are no exposures of {target} that you may see.")
    print(f"{path}: {plot(table, target, path)} of {len(table['exposure'])} exposures have a Strehl ratio.")


if __name__ == "__main__":
    main(*sys.argv[1:])
