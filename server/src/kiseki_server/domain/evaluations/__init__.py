"""Evaluation runs: what follows from the calls of models that are tried on datasets."""
