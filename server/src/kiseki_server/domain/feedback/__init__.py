"""What people and scorers say about calls and objects."""
