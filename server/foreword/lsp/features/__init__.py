"""One file per family of messages; each has a `register(server)`."""
