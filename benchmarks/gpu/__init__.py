"""The parts of ``stablehlo_gpu.py``: StableHLO programs against PyTorch on a GPU."""
