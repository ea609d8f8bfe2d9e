"""Every setting of Foreword: one typed tree, a default for each, read from files and from editors.

Outside (TOML, JSON) the keys are in camelCase, inside in snake_case. The dataclasses are the only description of the
tree: the type of a field says what it takes, its metadata hold its ``description`` and its limits (``minimum``,
``maximum``; ``characters``, the length of each string in a list). A schema for editors and the table in the
documentation are made from them (`foreword.settings_schema`). A wrong key or value becomes a `Problem` to be shown to
the user, the default is used in its place, and the rest applies.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cattrs
import platformdirs
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from foreword.settings_check import Problem, check_tree, keys_of
from foreword_models.gpt.config import Precision
from foreword_models.words.keyboards import KeyboardName
from foreword_models.words.registers import RegisterName

__all__ = [
    "PROSE_LANGUAGES",
    "ClassifierSettings",
    "CompletionSettings",
    "DiagnosticsSettings",
    "EntitiesSettings",
    "InlineCompletionSettings",
    "LanguageSettings",
    "ModelSettings",
    "Problem",
    "Settings",
    "check",
    "colours_entities",
    "merge",
    "own_classifiers",
    "own_tagger",
    "parse",
    "read_files",
    "read_layers",
]

# fmt: off
PROSE_LANGUAGES = frozenset({
    "plaintext", "plain text", "text", "txt", "mail", "message", "eml", "gitsendemail",
    "markdown", "markdown.mdx", "mdx", "gfm", "ipythongfm", "pandoc", "quarto", "rmd", "rmarkdown", "djot", "vimwiki",
    "mediawiki", "gitcommit", "git-commit", "git-commit-message", "scminput", "hgcommit", "jj-commit", "jjdescription",
    "latex", "tex", "plaintex", "context", "typst", "html", "xhtml", "org", "norg", "textile", "fountain",
    "restructuredtext", "rst", "asciidoc", "asciidoctor",
})
# fmt: on
"""Language ids, in lower case and as the various editors spell them, where Foreword is on unless it is turned off."""


def _setting(default: Any, description: str, **limits: int) -> Any:
    return field(default=default, metadata={"description": description, **limits})


def _about(description: str, name: str = "") -> dict[str, Any]:
    """Describe a table; of a table of tables also what their names stand for."""
    return {"description": description} | ({"name": name} if name else {})


@dataclass(frozen=True)
class CompletionSettings:
    """The list of next words."""

    enabled: bool = _setting(True, "Offer the next words in a list.")
    max_items: int = _setting(5, "The most words in the list.", minimum=1, maximum=10)
    minimum_probability: float = _setting(0.005, "Leave out words less probable than this.", minimum=0, maximum=1)
    minimum_saving: float = _setting(
        0.02,
        "Leave out words that save fewer keys than this on average (probability times letters to come).",
        minimum=0,
        maximum=5,
    )
    keyboard: Literal["none", KeyboardName] = _setting(
        "qwerty",
        "Where letters are mistyped: words for what was meant are offered beside those that begin as typed; "
        "none: only these.",
    )
    think_ahead: bool = _setting(
        True,
        "Go on searching behind an answer, so that the next key finds its words ready; costs processor time.",
    )
    think_share: float = _setting(
        0.5, "The most of the time that searching ahead may take, over twenty seconds.", minimum=0, maximum=1
    )
    think_on_battery: bool = _setting(False, "Search ahead also while the machine runs on its battery.")
    trigger_characters: tuple[str, ...] = _setting(
        (), "Characters after which the editor opens the list by itself; read when the server starts.", characters=1
    )


@dataclass(frozen=True)
class InlineCompletionSettings:
    """The phrase shown behind the cursor."""

    enabled: bool = _setting(True, "Show how the sentence may go on behind the cursor.")
    max_words: int = _setting(6, "The most words of a phrase.", minimum=1, maximum=20)


@dataclass(frozen=True)
class ClassifierSettings:
    """What one classifier marks, and how."""

    enabled: bool | None = _setting(
        None, "Let this classifier mark; null: as it recommends (sentiment, offensive and your own do)."
    )
    labels: tuple[str, ...] | None = _setting(None, "The labels to mark; null: those the classifier recommends.")
    severity: Literal["error", "warning", "information", "hint"] = _setting("information", "How a mark looks.")
    minimum_probability: float | None = _setting(
        None, "Mark from this probability on; null: as the classifier was calibrated.", minimum=0, maximum=1
    )
    path: str | None = _setting(
        None, "Folder of a classifier of your own, which this is then the name of; holds for all languages."
    )
    tags: tuple[Literal["unnecessary", "deprecated"], ...] = _setting(
        (), "How else a mark looks where the editor shows it: unnecessary is faded, deprecated struck out."
    )


@dataclass(frozen=True)
class DiagnosticsSettings:
    """The marks on sentences."""

    enabled: bool = _setting(True, "Mark sentences.")
    delay_milliseconds: int = _setting(400, "Read this long after the last change.", minimum=50, maximum=10_000)
    related: bool = _setting(False, "With each mark, tell where the nearest others of its kind are.")
    classifiers: Mapping[str, ClassifierSettings] = field(
        default_factory=dict, metadata=_about("Settings of single classifiers, by name.", "name")
    )

    def classifier(self, name: str) -> ClassifierSettings:
        """Return the settings of a classifier, the defaults where there are none."""
        return self.classifiers.get(name) or ClassifierSettings()


@dataclass(frozen=True)
class EntitiesSettings:
    """The names that are coloured in a text, so that one sees what one is about to share."""

    enabled: bool = _setting(False, "Colour the names of persons, locations and organizations (semantic tokens).")
    types: tuple[str, ...] | None = _setting(
        None, "Which names to colour: person, location, organization, or types of your own; null: all."
    )
    minimum_probability: float | None = _setting(
        None, "Colour from this probability on; null: as calibrated, nine of ten being right.", minimum=0, maximum=1
    )
    path: str | None = _setting(
        None, "Folder made by foreword train entities, to be used in place of ours; holds for all languages."
    )


@dataclass(frozen=True)
class ModelSettings:
    """Which models are used."""

    decoder: str = _setting("smollm2-135m", "Pack or path of the model that predicts words.")
    encoder: str = _setting("minilm-l6", "Pack or path of the model that reads sentences.")
    precision: Literal["auto", Precision] = _setting(
        "auto",
        "Of the weights that predict words; int4 takes the least memory; auto: the quickest here, measured once, when "
        "nothing was typed for a while, and in force from the next start on.",
    )


@dataclass(frozen=True)
class LanguageSettings:
    """The settings that hold in documents of one language; also the keys that `Settings.languages` may override."""

    enabled: bool = _setting(True, "Work in documents of this language.")
    completion: CompletionSettings = field(
        default_factory=CompletionSettings, metadata=_about("The list of next words.")
    )
    inline_completion: InlineCompletionSettings = field(
        default_factory=InlineCompletionSettings, metadata=_about("The phrase behind the cursor.")
    )
    diagnostics: DiagnosticsSettings = field(
        default_factory=DiagnosticsSettings, metadata=_about("The marks on sentences.")
    )
    entities: EntitiesSettings = field(
        default_factory=EntitiesSettings, metadata=_about("The names coloured in a text.")
    )
    register: Literal["auto", "none", RegisterName] = _setting(
        "auto", "What kind of text to expect at the beginning of a document; auto: by its language and file name."
    )


@dataclass(frozen=True)
class Settings(LanguageSettings):
    """The whole tree: what holds everywhere, which models are used, and what differs in single languages.

    Attributes
    ----------
    languages : Mapping
        For a language id the keys of `LanguageSettings` that differ in it, as a partial tree with outside names.
    """

    enabled: bool = _setting(True, "Work at all.")
    model: ModelSettings = field(default_factory=ModelSettings, metadata=_about("Which models are used."))
    languages: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict,
        metadata=_about("What differs in single languages, by language id.", "id") | {"overrides": LanguageSettings},
    )
    _resolved: dict[str, LanguageSettings] = field(default_factory=dict, init=False, repr=False, compare=False)

    def for_language(self, language_id: str) -> LanguageSettings:
        """Return what holds in documents of a language; the empty id counts as plain text, case does not matter.

        A feature needs to look at its own ``enabled`` only: it is off where the language or everything is off.
        """
        key = language_id.casefold() or "plaintext"
        if key not in self._resolved:
            if len(self._resolved) >= 100:  # ids come from the client
                self._resolved.clear()
            self._resolved[key] = self._resolve(key)
        return self._resolved[key]

    def _resolve(self, key: str) -> LanguageSettings:
        overrides = merge(*(tree for name, tree in self.languages.items() if name.casefold() == key))
        general = _converter().unstructure(self)
        tree = merge({name: general[name] for name in keys_of(LanguageSettings)}, overrides)
        resolved = _converter().structure(tree, LanguageSettings)
        enabled = self.enabled and overrides.get("enabled", key in PROSE_LANGUAGES)
        return LanguageSettings(
            enabled,
            dataclasses.replace(resolved.completion, enabled=enabled and resolved.completion.enabled),
            dataclasses.replace(resolved.inline_completion, enabled=enabled and resolved.inline_completion.enabled),
            dataclasses.replace(resolved.diagnostics, enabled=enabled and resolved.diagnostics.enabled),
            dataclasses.replace(resolved.entities, enabled=enabled and resolved.entities.enabled),
            resolved.register,
        )


def parse(tree: Any) -> tuple[Settings, list[Problem]]:
    """Read a tree of settings.

    Parameters
    ----------
    tree : Any
        What a TOML or JSON reader returned; a dict with the outside names, or None for nothing.

    Returns
    -------
    settings : Settings
        Complete: the defaults stand wherever the tree says nothing or something wrong.
    problems : list[Problem]
        In the order of the tree.
    """
    valid, problems = check(tree)
    return _converter().structure(valid, Settings), problems


def check(tree: Any, source: str = "") -> tuple[dict[str, Any], list[Problem]]:
    """Take out of one layer of settings what is wrong in it, so that it does not hide what another layer says.

    Parameters
    ----------
    tree : Any
        As for `parse`. Null counts as not set, except where it is a value.
    source : str
        Where the layer is from, named in each message.

    Returns
    -------
    tuple[dict, list[Problem]]
        What is right, with the outside names, and the rest.
    """
    return check_tree(tree, Settings, source)


def merge(*trees: Any) -> dict[str, Any]:
    """Merge trees of settings, the later ones winning key by key; anything but a dict is passed over."""
    merged: dict[str, Any] = {}
    for tree in trees:
        for key, value in tree.items() if isinstance(tree, Mapping) else ():
            if isinstance(value, Mapping):
                merged[key] = merge(merged.get(key), value)
            elif value is not None or not isinstance(merged.get(key), Mapping):
                merged[key] = value
    return merged


def own_tagger(settings: Settings) -> Path | None:
    """Return the folder of the user's own finder of entities, if there is one."""
    path = settings.entities.path
    return None if path is None else Path(path).expanduser()


def colours_entities(settings: Settings) -> bool:
    """Whether names may be coloured in the documents of some language."""
    own = (tree.get("entities", {}).get("enabled", False) for tree in settings.languages.values())
    return settings.enabled and (settings.entities.enabled or any(own))


def own_classifiers(settings: Settings) -> dict[str, Path]:
    """Return the folders of the user's own classifiers, by name; those of single languages are not looked at."""
    return {
        name: Path(each.path).expanduser()
        for name, each in settings.diagnostics.classifiers.items()
        if each.path is not None
    }


def read_files(
    user_config_dir: Path | None = None, workspace_root: Path | None = None
) -> tuple[dict[str, Any], list[Problem]]:
    """Read the files of settings and merge them, the later ones winning; see `read_layers`.

    Returns
    -------
    tuple[dict, list[Problem]]
        One tree for `merge` and `parse`, already free of what is wrong in the files; and what is wrong.
    """
    layers, problems = read_layers(user_config_dir, workspace_root)
    return merge(*(tree for _, tree in layers)), problems


def read_layers(
    user_config_dir: Path | None = None, workspace_root: Path | None = None
) -> tuple[list[tuple[Path, dict[str, Any]]], list[Problem]]:
    """Read the user's ``config.toml``, the project's ``.foreword.toml`` and its ``[tool.foreword]``.

    Parameters
    ----------
    user_config_dir : Path, optional
        Folder of the user's file; by default the platform's. The environment variable FOREWORD_CONFIG, the path of a
        file, comes before it.
    workspace_root : Path, optional
        Folder of ``.foreword.toml`` and ``pyproject.toml``; without it neither is read.

    Returns
    -------
    layers : list of (Path, dict)
        Each file that could be read and what is right in it, the later ones winning; nothing in one that does not
        exist.
    problems : list[Problem]
        What is wrong, with the file and, where it is not TOML, the line. A file that does not exist is none of that,
        unless FOREWORD_CONFIG names it.
    """
    named = os.environ.get("FOREWORD_CONFIG")
    folder = user_config_dir or platformdirs.user_config_path("foreword", appauthor=False)
    files: list[tuple[Path, tuple[str, ...]]] = [(Path(named) if named else folder / "config.toml", ())]
    if workspace_root is not None:
        files += [(workspace_root / ".foreword.toml", ()), (workspace_root / "pyproject.toml", ("tool", "foreword"))]
    layers, problems = [], []
    for number, (file, keys) in enumerate(files):
        try:
            tree = _read_toml(file, required=bool(named) and number == 0)
        except ValueError as error:
            problems.append(Problem(str(file), str(error)))
            continue
        for key in keys:
            tree = tree.get(key) if isinstance(tree, Mapping) else None
        valid, wrong = check(tree, str(file))
        layers.append((file, valid))
        problems += wrong
    return layers, problems


def _read_toml(file: Path, required: bool) -> Any:
    """Return the content of a file, nothing if it does not exist; ValueError with a message for the user."""
    try:
        data = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if required:
            raise ValueError(f"{file} does not exist; mend FOREWORD_CONFIG, or leave it unset.") from None
        return {}
    except (OSError, ValueError) as error:
        raise ValueError(f"{file} cannot be read ({error}); it is skipped.") from None
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line, reason = data.count(b"\n", 0, error.start) + 1, "it is not UTF-8"
    except (ValueError, RecursionError) as error:
        place = re.search(r" \(at line (\d+)", str(error))
        line = int(place[1]) if place else data.count(b"\n") + 1
        reason = str(error).partition(" (at ")[0]
    raise ValueError(f"{file}, line {line}: this is not TOML ({reason}); the file is skipped until that is mended.")


@functools.cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    sections: tuple[type, ...] = (CompletionSettings, InlineCompletionSettings, ClassifierSettings, ModelSettings)
    for kind in (*sections, DiagnosticsSettings, LanguageSettings, Settings):  # parts before what is made of them
        names: Any = {setting.name: override(rename=outside) for outside, (setting, _) in keys_of(kind).items()}
        converter.register_structure_hook(kind, make_dict_structure_fn(kind, converter, **names))
        converter.register_unstructure_hook(kind, make_dict_unstructure_fn(kind, converter, **names))
    return converter
