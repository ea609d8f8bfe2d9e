"""The language server: what editors ask, turned into jobs for the engine and back."""
