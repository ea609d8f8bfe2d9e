"""An incremental GPT decoder: weights, K/V cache, tokenizer, and how models on disk become them."""
