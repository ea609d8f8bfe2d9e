"""The checks that run before a change is handed in: ``nox`` runs them all, ``nox -s lint`` one."""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True

CONSTRAINTS = ("-c", "constraints.txt")


@nox.session
def lint(session: nox.Session) -> None:
    """Look for mistakes and odd formatting."""
    session.install(*CONSTRAINTS, "ruff")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    session.install(*CONSTRAINTS, "-e", ".[dev]")
    session.run("mypy")


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run the tests; arguments after ``--`` go to pytest."""
    session.install(*CONSTRAINTS, "-e", ".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def unit(session: nox.Session) -> None:
    """Run only the tests that take milliseconds."""
    session.install(*CONSTRAINTS, "-e", ".[test]")
    session.run("pytest", "tests/unit", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation as a site, into build/site."""
    session.install(*CONSTRAINTS, "mkdocs", "mkdocs-material")
    session.run("mkdocs", "build", "--strict")
