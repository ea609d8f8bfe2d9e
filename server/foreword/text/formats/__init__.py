"""What is prose in each format: one file a family, found by the client's name of the language."""
