"""Other predictors of words, asked as our own is: presage, and greedy decoding by transformers."""

from __future__ import annotations

import ctypes
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import torch

from foreword_models.evaluation.engine_child import common
from foreword_models.gpt.tokenizer import Tokenizer
from foreword_models.words.characters import partial_word, word_end

_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
_STRINGS = ctypes.POINTER(ctypes.c_char_p)


class Presage:
    """presage (Vescovi), through its C library; Debian's package has an English model with it.

    A word that was shown and not taken is not shown again for the same word: that is its own setting, and the better
    one for a typist who takes the word when it is there. The list for N slots is therefore not the beginning of a
    longer one; each number of slots needs a run of its own.

    Parameters
    ----------
    home
        An empty folder that HOME names while this is used: presage keeps there what it learns from its user.
    suggestions
        Words shown.

    Raises
    ------
    OSError
        The library is not installed.
    """

    def __init__(self, home: Path, suggestions: int) -> None:
        self._home = home
        self._suggestions = suggestions
        self._library = ctypes.CDLL("libpresage.so.1")
        self._library.presage_new.argtypes = [
            _CALLBACK,
            ctypes.c_void_p,
            _CALLBACK,
            ctypes.c_void_p,
            ctypes.POINTER(ctypes.c_void_p),
        ]
        self._library.presage_config_set.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
        self._library.presage_predict.argtypes = [ctypes.c_void_p, ctypes.POINTER(_STRINGS)]
        self._library.presage_free_string_array.argtypes = [_STRINGS]
        self._library.presage_prefix.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)]
        self._library.presage_config.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p)]
        self._library.presage_free_string.argtypes = [ctypes.c_void_p]
        self._library.presage_free.argtypes = [ctypes.c_void_p]
        # Held here: the library keeps pointers to them.
        self._typed = ctypes.create_string_buffer(b"")
        self._nothing = ctypes.create_string_buffer(b"")
        self._callbacks = [
            _CALLBACK(lambda _: ctypes.addressof(self._typed)),
            _CALLBACK(lambda _: ctypes.addressof(self._nothing)),
        ]
        self._handle = ctypes.c_void_p()

    def begin(self) -> None:
        """Begin anew, with nothing learned: else it would know the test set the second time."""
        self.close()
        for left in self._home.iterdir():
            shutil.rmtree(left)
        before, behind = self._callbacks
        self._check(self._library.presage_new(before, None, behind, None, ctypes.byref(self._handle)))
        self._set("ContextTracker.ONLINE_LEARNING", "no")
        self._set("Selector.SUGGESTIONS", str(self._suggestions))

    def close(self) -> None:
        """Give back what the library holds."""
        if self._handle:
            self._library.presage_free(self._handle)
            self._handle = ctypes.c_void_p()

    def predict(self, context: str, count: int) -> Sequence[str]:
        """Complete the word that presage sees at the end of the context; letters count as the same in either case."""
        self._typed = ctypes.create_string_buffer(context.replace("\0", " ").encode())
        found = _STRINGS()
        self._check(self._library.presage_predict(self._handle, ctypes.byref(found)))
        words: list[str] = []
        while (word := found[len(words)]) is not None:
            words.append(word.decode("utf-8", "replace"))
        self._library.presage_free_string_array(found)
        prefix = self._prefix()
        return [word[len(prefix) :] for word in words if word.lower().startswith(prefix.lower())][:count]

    def knows(self, word: str) -> bool:
        """Whether the model that it came with has the word; its words hold no apostrophe."""
        with closing(sqlite3.connect(self._database())) as database:
            return database.execute("SELECT 1 FROM _1_gram WHERE word = ?", (word.lower(),)).fetchone() is not None

    def _database(self) -> str:
        text = ctypes.c_void_p()
        name = b"Presage.Predictors.DefaultSmoothedNgramPredictor.DBFILENAME"
        self._check(self._library.presage_config(self._handle, name, ctypes.byref(text)))
        return self._taken(text)

    def _prefix(self) -> str:
        text = ctypes.c_void_p()
        self._check(self._library.presage_prefix(self._handle, ctypes.byref(text)))
        return self._taken(text)

    def _taken(self, text: ctypes.c_void_p) -> str:
        """A string that the library made for us."""
        value = ctypes.cast(text, ctypes.c_char_p).value or b""
        self._library.presage_free_string(text)
        return value.decode("utf-8", "replace")

    def _set(self, name: str, value: str) -> None:
        self._check(self._library.presage_config_set(self._handle, f"Presage.{name}".encode(), value.encode()))

    def _check(self, code: int) -> None:
        if code:
            raise RuntimeError(f"presage answered with error {code}")


class Greedy:
    """The next word as transformers decodes it greedily from the text so far: one word, with no regard to its letters.

    What ``generate(do_sample=False)`` gives, except that keys and values are kept from one key to the next, as far as
    the tokens are the same. The space before a word is held back: with it, the model would look for a word's middle.

    Parameters
    ----------
    model
        From `foreword_models.evaluation.peer_transformers.load`.
    tokenizer, start_token
        Those that the decoder has.
    """

    def __init__(self, model: Any, tokenizer: Tokenizer, start_token: int, *, most_tokens: int = 10) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._start = start_token
        self._most = most_tokens
        self.forwards = 0
        self.begin()

    def begin(self) -> None:
        """Forget the last text."""
        from transformers import DynamicCache

        self._cache: Any = DynamicCache()
        self._held: list[int] = []

    def predict(self, context: str, count: int) -> Sequence[str]:
        """Complete the word by the most likely tokens, up to its end."""
        before = context.removesuffix(" ")
        space = context[len(before) :]
        begun = partial_word(context)
        ids = [self._start, *self._tokenizer.encode(before)]
        written = b""
        for _ in range(self._most):
            token = self._next(ids)
            piece = self._tokenizer.token_bytes[token]
            written += piece
            decoded = written.decode("utf-8", "replace")
            if not decoded.startswith(space):
                return []
            word = begun + decoded[len(space) :]
            end = word_end(word)
            if end < len(word) or not piece:
                return [word[len(begun) : end]][:count] if end > len(begun) else []
            ids.append(token)
        return []

    @torch.inference_mode()
    def _next(self, ids: list[int]) -> int:
        """The most likely token after some, of which only those are decoded that are not held."""
        shared = min(common(self._held, ids), len(ids) - 1)
        if shared < len(self._held):
            self._cache.crop(shared - len(self._held))
        output = self._model(
            torch.tensor([ids[shared:]]), past_key_values=self._cache, use_cache=True, logits_to_keep=1
        )
        self._held = list(ids)
        self.forwards += 1
        return int(output.logits[0, -1].argmax())
