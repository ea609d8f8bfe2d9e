"""The engine and the models of a process, shared by its connections: loaded once, told of to all who wait for them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Protocol

from foreword.engine.allowance import Allowance
from foreword.engine.crowd import Crowd
from foreword.engine.engine import Engine
from foreword.engine.models import Models, threads_now, use_threads
from foreword.engine.trace import Trace
from foreword.settings import Settings, own_classifiers, own_tagger
from foreword_models.zoo.progress import Progress


class Listener(Progress, Protocol):
    """Is told how loading goes on, from the inference thread."""

    def say(self, message: str) -> None:
        """Take a sentence for the user."""


class _Audience:
    """The connections that use the same models; passes on to each what the models tell."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self._started: tuple[str, int] | None = None

    def join(self, listener: Listener) -> None:
        if self._started is not None:
            listener.start(*self._started)
        self.listeners.append(listener)

    def leave(self, listener: Listener) -> None:
        if listener in self.listeners:
            self.listeners.remove(listener)

    def start(self, description: str, total: int) -> None:
        self._started = (description, total)
        self._tell(lambda listener: listener.start(description, total))

    def update(self, done: int) -> None:
        self._tell(lambda listener: listener.update(done))

    def finish(self) -> None:
        self._started = None
        self._tell(lambda listener: listener.finish())

    def say(self, message: str) -> None:
        self._tell(lambda listener: listener.say(message))

    def _tell(self, what: Callable[[Listener], None]) -> None:
        for listener in tuple(self.listeners):  # which the event loop's thread may change
            what(listener)


@dataclass
class _Shared:
    models: Models
    audience: _Audience = field(default_factory=_Audience)


def model_key(settings: Settings) -> Hashable:
    """Return what two settings have in common that mean the same models."""
    return settings.model, tuple(sorted(own_classifiers(settings).items())), own_tagger(settings)


class Pool:
    """One inference thread and the models that it works with.

    Attributes
    ----------
    engine
        Runs the jobs of every connection.
    allowance
        What may be done unasked.
    trace
        Told where the time goes; None if nobody wants to know.

    Notes
    -----
    Models are shared by all connections whose settings name the same ones. What nobody uses any more is let go when
    something else is used; the last ones stay, for the next connection.
    """

    def __init__(self, trace: Trace | None = None) -> None:
        self.trace = trace
        self.engine = Engine(self._shed, trace, self._make_room)
        self._crowd = Crowd()
        self.allowance = Allowance()
        self._shared: dict[Hashable, _Shared] = {}

    def join(self, settings: Settings, listener: Listener) -> Models:
        """Return the models of some settings, of which `listener` is told from now on, and of no others."""
        self.leave(listener)
        key = model_key(settings)
        if key not in self._shared:
            audience = _Audience()
            models = Models(
                decoder=settings.model.decoder,
                encoder=settings.model.encoder,
                precision=settings.model.precision,
                classifiers=own_classifiers(settings),
                tagger=own_tagger(settings),
                progress=audience,
                say=audience.say,
            )
            self._shared[key] = _Shared(models, audience)
        shared = self._shared[key]
        shared.audience.join(listener)
        self._shared = {key: other for key, other in self._shared.items() if other.audience.listeners}
        return shared.models

    def leave(self, listener: Listener) -> None:
        """Tell a connection nothing more."""
        for shared in self._shared.values():
            shared.audience.leave(listener)

    def _make_room(self) -> None:
        """Before each job, on the inference thread: compute with as many threads as have a core to themselves."""
        most = max((shared.models.threads or 0 for shared in tuple(self._shared.values())), default=0)
        if most > 1:
            threads = self._crowd.threads(most)
            if threads != threads_now():
                use_threads(threads)

    def _shed(self) -> None:
        for shared in tuple(self._shared.values()):
            shared.models.shed()
