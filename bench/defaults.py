"""The conventions of every test and interval here, unless a caller gives others; importing them costs nothing."""

from __future__ import annotations

ALPHA = 0.05
"""Significance level: the probability of any false positive among tests made together is at most this."""
CONFIDENCE = 0.95
"""Nominal coverage of an interval."""
DRAWS = 2000
"""Bootstrap draws behind an interval or a test."""
POWER = 0.8
"""Probability with which a difference that is said to be found is found."""

KINDS = ("authentic", "synthetic", "restoration", "ai-generated", "aesthetic", "synthetic-order", "pristine")
"""Kinds of datasets."""

REPORT_TITLE = "No-reference image quality metrics"
"""Title of a report and of a site that get no other."""

IMAGE_TIMEOUT = 120
"""Seconds after which an image that a worker process decodes or scores is given up."""
