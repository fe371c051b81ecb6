"""Group maximum differentiation of two methods (``bench gmad``)."""
