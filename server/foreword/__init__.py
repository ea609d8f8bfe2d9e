"""Foreword between an editor (or a shell) and the models."""

__version__ = "0.1.0"
