"""The methods of this repository: one module each, found by itself; see CONTRIBUTING.md."""
