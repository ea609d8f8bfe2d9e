"""Reading sentences: one BERT encoder, and the heads that label its vectors."""
