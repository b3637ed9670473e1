"""Tests. Numerical libraries get one thread, as workers give them: several wait for each other where cores are shared."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
