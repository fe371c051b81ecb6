"""Methods made of a function, for a model in a notebook."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, overload

import numpy as np
from PIL import Image

from bench.api import Method, MethodInfo, Photo
from bench.errors import UsageError, did_you_mean
from bench.io.progress import note
from bench.io.visible import quoted
from bench.plugins.argument_types import checked
from bench.plugins.function_options import options_of
from bench.plugins.source_hash import hash_function

Function = Callable[..., Any]


class FunctionMethod(Method):
    """Method class that :func:`method` makes of a function.

    Attributes:
        function: the function.
        batch: whether it takes a list of arrays, or one PIL image.
        digest: hash of the function that was found before; empty: it is found when the method is loaded.
    """

    function: ClassVar[Callable[..., Any]]
    batch: ClassVar[bool]
    digest: ClassVar[str] = ""
    portable = False

    def load(self) -> None:
        """Identify the function as it is now."""
        self._fingerprint = self.digest
        if not self.digest:
            found = hash_function(self.function)
            self._fingerprint = found.digest
            self.note_unknown(found.unknown)

    @classmethod
    def note_unknown(cls, unknown: Sequence[str]) -> None:
        """Tell the user which objects that the function uses do not identify its scores."""
        if unknown:
            note(
                f"{cls.info.name} uses {', '.join(unknown)}, whose content does not identify its scores: give "
                "another version when it changes"
            )

    @property
    def fingerprint(self) -> str:
        """Hash of the function's source and of what it uses."""
        return self._fingerprint

    def score(self, photos: Sequence[Photo]) -> Sequence[float]:
        """Call the function with the options: once for all, or for one photo after the other."""
        given = {field.name: getattr(self.options, field.name) for field in dataclasses.fields(self.options)}
        if self.batch:
            # Copies, for other methods are handed the same pixels.
            return list(self.function([np.array(photo.pixels) for photo in photos], **given))
        return [self.function(Image.fromarray(np.array(photo.pixels)), **given) for photo in photos]


@overload
def method(
    function: Function,
    *,
    name: str | None = ...,
    higher_is_better: bool | None = ...,
    batch: bool = ...,
    version: str = ...,
    **declared: Any,
) -> type[FunctionMethod]: ...
@overload
def method(
    function: None = None,
    *,
    name: str | None = ...,
    higher_is_better: bool | None = ...,
    batch: bool = ...,
    version: str = ...,
    **declared: Any,
) -> Callable[[Function], type[FunctionMethod]]: ...
@checked
def method(
    function: Function | None = None,
    *,
    name: str | None = None,
    higher_is_better: bool | None = None,
    batch: bool = False,
    version: str = "1",
    **declared: Any,
) -> type[FunctionMethod] | Callable[[Function], type[FunctionMethod]]:
    """Make a method of a function, for :func:`bench.run`, :func:`bench.score` and :func:`bench.load`.

    The scores are identified by the version and by a hash of the function's source and of what it uses: values and
    functions around it, the weights of a torch module. The function always runs in this process, never in a worker.

    Args:
        function: from one PIL image (RGB) to a number; with ``batch`` from a list of N arrays (H, W, 3), uint8 RGB, to
            N numbers. Its further parameters that have a default are options of the method. Without a function a
            decorator is returned.
        name: of the method; None takes the function's own.
        higher_is_better: the direction of the numbers; it must be given.
        batch: whether the function takes several images at once.
        version: change it when scores change for a reason that the source does not show.
        **declared: further fields of :class:`bench.MethodInfo`, such as ``opinion_aware`` and ``trained_on``, which are
            undeclared otherwise.

    Returns:
        A subclass of :class:`bench.Method`; its ``function`` is the function. :func:`bench.register` makes it known by
        name.

    Raises:
        UsageError: the direction is missing, or the name is not one that a method can have.

    Example:
        >>> import numpy as np
        >>> @method(name="spread", higher_is_better=True)
        ... def spread(image):
        ...     return np.asarray(image).std()
        >>> spread.info.name, spread.info.family.value
        ('spread', 'undeclared')
    """
    _check_fields(declared)
    if function is None:
        return functools.partial(
            method, name=name, higher_is_better=higher_is_better, batch=batch, version=version, **declared
        )
    if isinstance(function, type):
        raise UsageError(f"function got {quoted(function)}: give a function from an image to a number")
    if higher_is_better is None:
        raise UsageError(
            "higher_is_better must be True or False: say whether a higher number of the function means better quality"
        )
    own = _own_name(function) if name is None else name
    info = _declare(own, version, higher_is_better, declared)
    members = {"info": info, "function": staticmethod(function), "batch": batch, "__doc__": function.__doc__}
    members |= {"Options": options_of(function), "__module__": getattr(function, "__module__", __name__)}
    return type(info.name, (FunctionMethod,), members)


def _check_fields(declared: Mapping[str, Any]) -> None:
    known = [field.name for field in dataclasses.fields(MethodInfo)]
    for name in declared:
        if name not in known:
            raise UsageError(
                f"{name} is no parameter of bench.method and no field of bench.MethodInfo.{did_you_mean(name, known)}"
            )


def _own_name(function: Function) -> str:
    name = getattr(function, "__name__", "<lambda>")
    if name == "<lambda>":
        raise UsageError("name must be given for a function that has none of its own, such as a lambda")
    return str(name)


def _declare(name: str, version: str, higher_is_better: bool, declared: dict[str, Any]) -> MethodInfo:
    try:
        return MethodInfo(
            name=name, version=version, higher_is_better=higher_is_better, **{"summary": "a function", **declared}
        )
    except ValueError as error:
        raise UsageError(str(error)) from None
