"""Print the oldest version that pyproject.toml declares of each package, for pip."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
for text in (*project["dependencies"], *project["optional-dependencies"]["test"]):
    needed = Requirement(text)
    for bound in needed.specifier:
        if bound.operator == ">=":
            print(f"{needed.name}=={bound.version}")
