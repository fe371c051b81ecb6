"""QualiCLIP's recipe on a small encoder that ships with this package; it is not CLIP.

The image encoder is EfficientNet-Lite0 (ImageNet weights), the space of texts that of a small sentence encoder.
Importing this package imports no torch.
"""

from .metrics import QualiclipLite

__all__ = ["QualiclipLite"]
