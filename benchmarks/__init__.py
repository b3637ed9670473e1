"""What the archive does in how long, measured on private services. `make bench`, or `make bench ONLY=ingest`."""
