"""QualiCLIP, and zero-shot CLIP-IQA, which is the same network with CLIP's own weights.

Source: L. Agnolucci, L. Galteri, M. Bertini, "Quality-Aware Image-Text Alignment for Opinion-Unaware
Image Quality Assessment", arXiv 2403.11176. Importing this package imports neither torch nor open_clip.
"""

from .lite import QualiclipLite
from .metrics import ClipIqa, Qualiclip

__all__ = ["ClipIqa", "Qualiclip", "QualiclipLite"]
