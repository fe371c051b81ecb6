"""The description for package indexes: the README, with links into the repository as plain text.

An index does not have the files that they lead to. Everything else is in pyproject.toml.
"""

import re
from pathlib import Path

from setuptools import setup

README = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")

setup(
    long_description=re.sub(r"\[([^]]+)\]\((?!https?://)[^)]+\)", r"\1", README),
    long_description_content_type="text/markdown",
)
