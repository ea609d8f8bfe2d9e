"""Adapting the encoder and training heads on it: what ``foreword train classifier`` does. Needs the ``train`` extra."""
