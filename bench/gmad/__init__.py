"""gmad."""
