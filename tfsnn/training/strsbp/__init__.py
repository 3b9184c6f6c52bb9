"""ST-RSBP: training from spike trains (Zhang and Li, NeurIPS 2019)."""
