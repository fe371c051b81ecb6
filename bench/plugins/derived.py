"""Methods that are made from another method and a file of their own, given by the option ``model``."""

from __future__ import annotations

import dataclasses

from bench.api import Method, MethodInfo, option


def derive_over(base: type[Method], of: type[Method], info: MethodInfo, help: str) -> type[Method]:  # noqa: A002
    """Return a subclass of a method that works on another's features.

    Args:
        base: what it does with them; it reads ``of`` and the option ``model``.
        of: the method whose features they are; its options are the new one's too.
        info: of the new method.
        help: text of the option ``model``.
    """
    model = option("", help=help, identity=False)
    body = {
        "__doc__": f"{info.summary[0].upper()}{info.summary[1:]}.",
        "__module__": base.__module__,
        "info": info,
        "of": of,
        "Options": dataclasses.make_dataclass("Options", [("model", str, model)], bases=(of.Options,), frozen=True),
    }
    return type(f"{base.__name__}Of{of.__name__}", (base,), body)
