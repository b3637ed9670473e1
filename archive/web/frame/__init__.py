"""The page of one frame: its picture, what is known of it, its bytes, and what it belongs together with."""
