"""Pages of nights: a month of them, and all that came of one."""
