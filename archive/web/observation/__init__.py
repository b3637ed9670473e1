"""The page of one observation with the adaptive-optics camera: what was made of it, and how good it is."""
