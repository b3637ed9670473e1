"""How soon the archive answers when it holds millions of frames. `make bench ONLY=speed FRAMES=1000000`."""

from benchmarks.speed.group import measure

__all__ = ["measure"]
