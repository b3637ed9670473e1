"""/staff/: how the archive does, and what staff does about it."""
