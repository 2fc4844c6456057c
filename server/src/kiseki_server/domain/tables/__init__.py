"""Tables of rows that are kept by their content."""
