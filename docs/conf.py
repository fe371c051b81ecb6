"""Settings of Sphinx, for ``make docs``. The source is the whole repository, so that every link between files works."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from docutils import nodes

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from pages import contents, write  # noqa: E402

import bench  # noqa: E402

project = "bench"
author = "the authors of bench"
version = release = bench.__version__

root_doc = "docs/index"
include_patterns = ["docs/**", "*.md", "methods/**.md", "results/README.md"]
exclude_patterns = [".*", "build", "tests", "**/.ipynb_checkpoints"]
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode", "sphinx_copybutton"]

html_theme = "furo"
html_title = f"bench {bench.__version__}"
html_extra_path = ["root"]
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
highlight_language = "none"
smartquotes = False  # it would make one dash of the two of an option

nb_execution_mode = "off"  # the notebook is shown as it is stored; docs/tutorial.py executes it
nb_render_markdown_format = "gfm"  # the tables that results show of themselves
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4  # as `#id` means a heading on other renderers of Markdown

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_member_order = "bysource"
napoleon_use_rtype = False

copybutton_exclude = ".linenos, .gp, .go"
linkcheck_ignore = [r"https?://(host|example)\b.*", r"https?://(www\.)?example\.org.*"]
linkcheck_timeout = 20


def setup(app: Any) -> None:
    """Write the pages that are made of the code, and give the first page its table of contents."""
    write.write_pages(HERE / "generated")
    app.connect("source-read", _with_contents)
    app.connect("doctree-read", _with_dashes)


def _with_contents(_app: Any, docname: str, source: list[str]) -> None:
    if docname == root_doc:
        source[0] += contents.toctrees(source[0])


def _with_dashes(_app: Any, doctree: nodes.document) -> None:
    """Put a dash between a parameter and what is said of it, where autodoc writes two hyphens."""
    for text in list(doctree.findall(nodes.Text)):
        if text.startswith(" -- "):
            text.parent.replace(text, nodes.Text(text.replace(" -- ", " \u2013 ", 1)))
