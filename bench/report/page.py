"""HTML page of a report: one file without network access, with all foreign text escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

from bench.report.data import Report
from bench.report.leaderboard import LEGEND
from bench.report.links import Places
from bench.report.points import as_json
from bench.report.robustness import HEIGHT, WIDTH
from bench.views.model import Code, Sentence

if TYPE_CHECKING:
    import markupsafe
    from jinja2 import Environment

_TEMPLATES = "templates"
STYLES = ("page.css", "ranking.css")
CONSTANTS = {"legend": LEGEND, "panel": (WIDTH, HEIGHT)}
"""What every template of a report is given."""


def render(report: Report) -> str:
    """Return the page."""
    return render_page(
        "report.html.j2",
        STYLES,
        ("common.js", "ranking.js", "page.js", "scatter.js", "images.js"),
        title=report.title,
        report=report,
        points=[as_json(points, pictures) for points, pictures in report.points],
        links=Places(),
        **CONSTANTS,
    )


def render_page(template: str, styles: Sequence[str], scripts: Sequence[str], **shown: Any) -> str:
    """Return a page on which its own styles and scripts are all that applies and runs.

    Args:
        template: extends ``base.html.j2``.
        styles: files, in this order.
        scripts: files, which make one script in this order.
        **shown: what the template shows; ``title`` must be among it.
    """
    from markupsafe import Markup

    style, script = ("\n".join(map(_own, files)) for files in (styles, scripts))
    # Ours, and hashed in the policy as they stand.
    own = {"style": Markup(style), "script": Markup(script), "policy": content_policy(style, script)}
    return _environment().get_template(template).render(**shown, **own)


def content_policy(style: str, script: str) -> str:
    """Return the Content-Security-Policy under which this style and script are all that applies and runs."""
    return (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _own(name: str) -> str:
    return resources.files("bench.report").joinpath(_TEMPLATES, name).read_text(encoding="utf-8")


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("bench.report", _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sentence"] = _sentence
    # The filter tojson escapes <, > and & itself; what is no JSON must not reach a page.
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return environment


def _sentence(sentence: Sentence) -> markupsafe.Markup:
    """Return a caption, escaped, with the commands in it as code."""
    from markupsafe import Markup

    parts = (sentence,) if isinstance(sentence, str) else sentence
    texts = [Markup("<code>{}</code>" if isinstance(part, Code) else "{}").format(part) for part in parts]
    return Markup("").join(texts)
