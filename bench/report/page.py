"""The page of `bench report`: one HTML file without network, foreign fonts or scripts; foreign text is escaped."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import TYPE_CHECKING

from bench.report.data import Report
from bench.report.leaderboard import LEGEND
from bench.report.points import as_json
from bench.report.robustness import HEIGHT, WIDTH

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = "templates"
_SCRIPTS = ("page.js", "scatter.js", "images.js")  # one script in this order


def render(report: Report) -> str:
    """Return the page."""
    from markupsafe import Markup

    style, script = _own("page.css"), "\n".join(map(_own, _SCRIPTS))
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            points=[as_json(points, pictures) for points, pictures in report.points],
            legend=LEGEND,
            panel=(WIDTH, HEIGHT),
            policy=content_policy(style, script),
            # Ours, and hashed in the policy as they stand.
            style=Markup(style),
            script=Markup(script),
        )
    )


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
    # The filter tojson escapes <, > and & itself; what is no JSON must not reach a page.
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return environment
