"""Explanations of scores by Grad-CAM and by aspects (``bench explain``)."""
