"""Images that two datasets share (``bench overlap``)."""
