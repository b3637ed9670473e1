"""What `make bench-science` measures: simulated stars whose truth is known, a module a group (docs/science.md)."""
