"""Reductions: which there are, when they begin, how often they are tried."""

import os
from datetime import timedelta

from settings import env

__all__ = [
    "AO_SETTLE_TIME",
    "QUIET_HOURS",
    "QUIET_HOURS_ZONE",
    "REDUCTION_ATTEMPTS",
    "REDUCTION_GRAPH",
    "REDUCTION_LEASE",
    "REDUCTION_RETRY",
    "REDUCTION_WORKERS",
]

REDUCTION_GRAPH = "pipeline.graph.GRAPH"
AO_SETTLE_TIME = timedelta(seconds=env.AO_SETTLE_SECONDS)
REDUCTION_WORKERS = env.REDUCTION_WORKERS or max(1, (os.cpu_count() or 1) // 2)
QUIET_HOURS = env.REDUCTIONS_QUIET_HOURS
QUIET_HOURS_ZONE = env.REDUCTIONS_TIME_ZONE
REDUCTION_ATTEMPTS = env.REDUCTION_ATTEMPTS
REDUCTION_RETRY = timedelta(seconds=env.REDUCTION_RETRY_SECONDS)
REDUCTION_LEASE = timedelta(seconds=env.REDUCTION_LEASE_SECONDS)
