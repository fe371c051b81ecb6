"""``bench report``: stored results as one HTML page that stands alone. Never runs a method."""
