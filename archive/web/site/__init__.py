"""Pages of observing sites: all of them, and what one shows now."""
