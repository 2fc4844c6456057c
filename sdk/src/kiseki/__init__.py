"""Kiseki's SDK."""
