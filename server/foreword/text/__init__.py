"""Text as an editor holds it: exact documents and positions, the word under the cursor, sentences.

Plain values in, plain values out: nothing here knows the protocol's types, the engine or a model.
"""
