"""Frames of two nights that never were, for trying the archive out. Same arguments, same bytes."""
