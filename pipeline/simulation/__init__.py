"""Adaptive-optics nights that never were, with their truth. Nothing of the pipeline is used here, nor uses it."""
