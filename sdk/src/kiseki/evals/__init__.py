"""Models, datasets, prompts, scorers and evaluations: objects with versions, and what is run on
them."""
