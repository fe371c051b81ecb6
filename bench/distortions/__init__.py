"""Degradations of photographs at five levels, one module a group."""
