"""Where a simulation runs: devices of one machine, and workers of several."""
