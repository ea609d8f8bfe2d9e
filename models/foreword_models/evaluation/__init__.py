"""Measuring: how fast a decoder is beside its peers. Nothing here knows of editors or of the command line."""
