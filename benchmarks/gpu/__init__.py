"""StableHLO programs against PyTorch on a GPU: the parts of ``stablehlo_gpu.py``."""
