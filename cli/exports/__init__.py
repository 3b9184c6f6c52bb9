"""``tfsnn export``, format by format.

Each module is called as its format and has ``OPTIONS``, the ``click.Option`` objects
that belong to it alone (their help begins with the format), and
``write(snn, snn_path, output, **options)``, which gets their values and returns what
was written, for people (``str``) and as JSON (``to_dict``).
"""

from __future__ import annotations

FORMATS: tuple[str, ...] = ("saved_model", "stablehlo", "nir")
