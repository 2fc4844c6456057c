"""Stores that forget: for tests, and as the plainest statement of what a port promises."""
