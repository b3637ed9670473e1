"""Pictures that people look at: arrays and words in, PNG or WebP out, the same bytes for the same picture."""
