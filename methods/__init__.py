"""The methods of this repository: one module each. A module here is found by itself; see CONTRIBUTING.md."""
