"""Bytes of instrument files to records: pure, bounded, exact. No byte makes a reader look outside what it was given."""
