"""A made-up observatory with ten years of frames, to measure with. The same number of frames gives the same rows."""
