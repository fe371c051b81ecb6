"""Images × methods → stored scores: scoring, the runner, the store, imported scores."""
