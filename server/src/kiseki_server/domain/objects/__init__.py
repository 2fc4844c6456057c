"""Versioned objects: ops with their code, datasets, prompts, models, and the tables they name."""
