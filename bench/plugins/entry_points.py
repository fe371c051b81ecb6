"""Entry points: importing what other packages offer, each with the modules of its package."""

from __future__ import annotations

import importlib
import pkgutil
from importlib.metadata import EntryPoint

from bench.errors import UsageError
from bench.io.visible import quoted


def load_plugin(point: EntryPoint) -> object:
    """Import what an entry point names, and all public modules of it where that is a package.

    Returns:
        The package, module, class or function that the entry point names.

    Raises:
        UsageError: it cannot be imported; the sentence says which plugin and why.
    """
    # Plugins are other people's code: whatever they raise on import must not take the harness down.
    try:
        loaded = point.load()
        for module in pkgutil.iter_modules(getattr(loaded, "__path__", ())):
            if not module.name.startswith("_"):
                importlib.import_module(f"{loaded.__name__}.{module.name}")
    except (Exception, SystemExit) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise UsageError(f"the plugin {quoted(point.name)} ({point.value}) cannot be imported: {reason}") from None
    return loaded
