"""Real sentences out of texts that every installation has.

They come from descriptions and licences of installed packages, from docstrings of
Python's library, NumPy and Keras, and from the pages of this repository. Nothing is
downloaded, and no module is imported for its docstrings.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import re
import sysconfig
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORDS = range(6, 25)  # of a sentence
LICENCE = re.compile(r"(licen[cs]e|copying|notice)", re.IGNORECASE)
END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
PLAIN = re.compile(r"[A-Z][A-Za-z0-9 ,;:'()\-]+[.!?]")
BLOCK = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def gathered() -> dict[str, str]:
    """Return distinct sentences, each with the kind of text that it comes from.

    Their order depends on nothing but the sentences, so the first of them are a random
    sample of all.
    """
    found: dict[str, str] = {}
    for kind, text in texts():
        for sentence in sentences(text):
            found.setdefault(sentence, kind)
    by_case = {sentence.lower(): sentence for sentence in found}
    return {
        sentence: found[sentence] for sentence in sorted(by_case.values(), key=_digest)
    }


def _digest(sentence: str) -> bytes:
    return hashlib.sha256(sentence.encode()).digest()


def texts() -> Iterator[tuple[str, str]]:
    """Yield texts of this machine, each behind its kind."""
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        yield "documentation of tfsnn", path.read_text(encoding="utf-8")
    for package in distributions():
        yield "descriptions of packages", package.metadata.get_payload()
        for file in package.files or ():
            path = Path(str(package.locate_file(file)))
            if LICENCE.search(file.name) and path.is_file():
                yield "licences", path.read_text(encoding="utf-8", errors="ignore")
    library = Path(sysconfig.get_paths()["stdlib"])
    yield from _docstrings("docstrings of Python", library, "*.py")
    for name in ("numpy", "keras"):
        spec = importlib.util.find_spec(name)
        for folder in spec.submodule_search_locations if spec else ():
            yield from _docstrings(f"docstrings of {name}", Path(folder), "**/*.py")


def _docstrings(kind: str, folder: Path, pattern: str) -> Iterator[tuple[str, str]]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    for path in sorted(folder.glob(pattern)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = ast.get_docstring(node) if isinstance(node, documented) else None
            if text:
                yield kind, text


def sentences(text: str) -> Iterator[str]:
    """Yield the whole sentences of a text, without markup and without code."""
    for paragraph in re.split(r"\n\s*\n", BLOCK.sub("", text)):
        joined = " ".join(paragraph.split())
        for sentence in END.split(joined):
            plain = sentence.replace("`", "").replace("*", "")
            whole = PLAIN.fullmatch(plain) and "--" not in plain
            if whole and len(plain.split()) in WORDS:
                yield plain
