"""What this machine's processor is, and which instructions it has."""

from __future__ import annotations

import platform
import re
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")  # of Linux


def processor_name() -> str:
    """Return the name of the processor, as its maker calls it; "" if unknown."""
    found = re.search(r"^model name\s*:\s*(.*)$", _cpuinfo(), re.MULTILINE)
    return found[1].strip() if found else platform.processor()


def instructions() -> frozenset[str]:
    """Return the sets of instructions that Linux names; empty where it is not Linux."""
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", _cpuinfo(), re.MULTILINE)
    return frozenset(found[1].split() if found else ())


def _cpuinfo() -> str:
    """Return what Linux says of the processors, of which the first counts."""
    if not CPUINFO.is_file():
        return ""
    return CPUINFO.read_text(encoding="utf-8", errors="replace")
