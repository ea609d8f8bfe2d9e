"""From token probabilities to word probabilities: the user sees words, the model speaks subwords."""
