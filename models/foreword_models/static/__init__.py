"""Words by meaning: word2vec and GloVe vectors, one for each word, and which of a word's senses a sentence means."""
