"""The interface for plugins: methods, their declarations and options, photographs.

A method is a subclass of :class:`Method` with a :class:`MethodInfo` and a ``score`` function, decorated with
:func:`register`. Nothing in this package reads a file or runs a model.

* ``method``: the base class, options, features, explanations, registration.
* ``declaration``: what a method declares: family, training data, direction, range, licence, downloads.
* ``photo``: photographs, and how a method wants them.
* ``weights``: how far two files of weights are from each other.
"""

from bench.api.declaration import UNKNOWN, Download, Family, MethodInfo
from bench.api.method import (
    Explainer,
    FeatureSpace,
    Method,
    Monitor,
    NoOptions,
    ScorePhotos,
    option,
    register,
    registered,
)
from bench.api.photo import FloatArray, InputPolicy, Photo, Pixels, Resize
from bench.api.weights import LayerChange, WeightComparison

__all__ = [
    "UNKNOWN",
    "Download",
    "Explainer",
    "Family",
    "FeatureSpace",
    "FloatArray",
    "InputPolicy",
    "LayerChange",
    "Method",
    "MethodInfo",
    "Monitor",
    "NoOptions",
    "Photo",
    "Pixels",
    "Resize",
    "ScorePhotos",
    "WeightComparison",
    "option",
    "register",
    "registered",
]
