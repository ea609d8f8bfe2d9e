"""When Python looks for garbage around the load of a model: not while somebody waits, and once when nobody does."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from foreword_models.gpt.machine import give_back_memory


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage in this block, which somebody waits for, nor behind it until `tidy` does.

    A load makes many objects, of which few are garbage: to look for it takes a tenth of the time.
    """
    if gc.get_freeze_count():  # there was a load before, of a model that this one may take the place of
        gc.unfreeze()
        gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def tidy() -> None:
    """Give back what loads have left: objects that hang together in circles. Takes some tenths of a second."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()  # what is left stays, and need not be looked through again
    give_back_memory()
