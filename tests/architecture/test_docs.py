"""The site keeps its word: what it shows runs, what it names exists, and it builds."""

import os
import re
import runpy
import subprocess
import sys
from types import ModuleType

import click
import documents
import pytest
from command_line import EVERY
from keras_operations import by_operation
from repository import ROOT

import tfsnn
from tfsnn.conversion.methods import methods
from tfsnn.sources.handlers import refusals, registered
from tfsnn_cli.main import COMMANDS, cli

TEXTS = {path.stem: path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))}
RUN = ("python", "sh")
GENERATED = [name for name, text in TEXTS.items() if "<!-- /" in text]
SHOWN = [
    name
    for name, text in TEXTS.items()
    if any(language in RUN for language, _ in documents.blocks(text))
]


@pytest.fixture(scope="module")
def script():
    """What docs/generate.py defines; it adds to the paths of modules."""
    paths = list(sys.path)
    yield runpy.run_path(str(ROOT / "docs" / "generate.py"))
    sys.path[:] = paths


@pytest.mark.slow
@pytest.mark.parametrize("page", SHOWN)
def test_the_commands_and_snippets_of_a_page_work(page, sandbox):
    names = {"__name__": page}
    for language, content in documents.blocks(TEXTS[page]):
        if language == "python":
            exec(compile(content, f"{page}.md", "exec"), names)
        elif language == "sh":
            documents.run_commands(content)


@pytest.mark.slow
@pytest.mark.parametrize("page", GENERATED)
def test_generated_parts_are_up_to_date(page, script):
    assert script["generated"](TEXTS[page]) == TEXTS[page], "run docs/generate.py"


def options():
    """All options of all commands."""
    found = {"--debug", "--help", "--version"}
    for words in EVERY:
        command = cli
        for word in words:
            command = command.get_command(None, word)
        for parameter in command.params:
            found.update(parameter.opts + parameter.secondary_opts)
    return found


def parsed(arguments):
    """The context of a command; raises for one that is wrong."""
    context, rest = cli.make_context("tfsnn", list(arguments)), list(arguments)
    while isinstance(context.command, click.Group):
        name, command, rest = context.command.resolve_command(context, rest)
        context = command.make_context(name, list(rest), parent=context)
    return context


@pytest.mark.parametrize("page", [*TEXTS, "README"])
def test_what_is_not_run_exists(page):
    """Commands in other blocks can be parsed, and options in the text are there."""
    text = TEXTS.get(page) or (ROOT / "README.md").read_text()
    for language, content in documents.blocks(text):
        if language in ("console", "text"):
            for arguments in documents.commands(content):
                parsed(arguments)
    known = options()
    for folder in ("benchmarks", "examples"):
        for path in (ROOT / folder).rglob("*.py"):
            known.update(re.findall(r'"(--[a-z-]+)"', path.read_text()))
    prose = documents.FENCED.sub("", text)
    named = re.findall(r"`(--[a-z-]+)(?: [^`]*)?`", prose)
    assert set(named) <= known


def test_a_wrong_command_is_found():
    (arguments,) = documents.commands("A=1 tfsnn evaluate snn.keras --date x | less")
    assert arguments == ["evaluate", "snn.keras", "--date", "x"]
    with pytest.raises(click.NoSuchOption):
        parsed(arguments)


def test_everything_registered_is_on_the_pages():
    kinds = [*registered(), *refusals()]
    names = {kind.__name__ for kind in kinds if not is_of_tests(kind)}
    missing = [n for n in names if f"`{n}`" not in TEXTS["layers"]]
    functions = {name for names in by_operation().values() for name in names}
    missing += [n for n in functions if f"`{n}`" not in TEXTS["layers"]]
    missing += [n for n in methods() if f"\n## {n}\n" not in TEXTS["every-method"]]
    missing += [n for n in COMMANDS if f"\n## tfsnn {n}\n" not in TEXTS["commands"]]
    assert not missing


def is_of_tests(kind):
    return kind.__module__.split(".")[0] not in ("keras", "tfsnn")


@pytest.mark.slow
@pytest.mark.processes
def test_the_site_builds_names_everything_and_needs_no_network(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    built = subprocess.run(
        [*command, "--site-dir", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr

    folders = ["" if name == "index" else name for name in TEXTS]
    pages = {name: (tmp_path / name / "index.html").read_text() for name in folders}
    for name, html in pages.items():
        loads = re.findall(r"<(?:script|link|img|iframe|source)\b[^>]*>", html)
        outside = [tag for tag in loads if re.search(r'(src|href)="?(https?:)?//', tag)]
        assert loads and not outside, name
        assert 'class="mermaid"' not in html  # for which a script would be loaded
    for path in tmp_path.rglob("*.css"):
        assert not re.search(r"url\([\"']?(https?:)?//|@import", path.read_text())

    places = set(re.findall(r'\bid="([\w.]+)"', pages["reference"]))
    for module in (tfsnn, tfsnn.export, tfsnn.layers, tfsnn.methods, tfsnn.plot):
        for name in module.__all__:
            found = getattr(module, name)
            if module is tfsnn.methods and isinstance(found, ModuleType):
                continue  # a method, on a page of its own
            place = getattr(found, "__qualname__", None)
            place = f"{found.__module__}.{place}" if place else found.__name__
            assert place in places, f"add ::: {place} to docs/reference.md"
    assert ":func:" not in pages["reference"] and "::</p>" not in pages["reference"]
