"""The methods of this repository: one module each. They are found by themselves; see CONTRIBUTING.md."""
