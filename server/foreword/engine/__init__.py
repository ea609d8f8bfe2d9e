"""The one inference thread: who is served first, what is loaded, what is read."""
