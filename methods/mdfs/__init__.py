"""MDFS: distance of a photograph's deep features, patch by patch, from those of pristine photographs.

Importing this package imports no torch.
"""

from .metrics import Mdfs, MdfsLite

__all__ = ["Mdfs", "MdfsLite"]
