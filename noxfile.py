"""The checks, one session each; `uv run nox` runs the quick ones.

Covers: which program checks what. Does not cover: setting up (tools/dev), settings
(pyproject.toml). Every session runs inside the one locked environment, so that an editor, a git
hook and CI can never disagree about a version.
"""

from __future__ import annotations

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["fmt", "lint", "types", "imports", "unit"]


@nox.session
def fmt(session: nox.Session) -> None:
    """Everything is formatted."""
    session.run("ruff", "format", "--check", ".")


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff's rules, and the import walls."""
    session.run("ruff", "check", ".")
    session.run("lint-imports")


@nox.session
def imports(session: nox.Session) -> None:
    """The import walls alone."""
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict, over everything."""
    session.run("mypy", *session.posargs)


@nox.session
def unit(session: nox.Session) -> None:
    """Everything but the long tests."""
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def full(session: nox.Session) -> None:
    """Everything, with the thorough hypothesis profile and branch coverage."""
    session.run("coverage", "erase")
    session.run(
        *("coverage", "run", "-m", "pytest", "--slow", "--hypothesis-profile=thorough"),
        *session.posargs,
    )
    session.run("coverage", "report")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation; a warning is an error. References are made anew and compared."""
    session.run("python", "tools/generate_cli_docs.py", "--check")
    session.run("python", "tools/blueprint.py", "--check")
    session.run("sphinx-build", "-W", "--keep-going", "-q", "docs", "docs/_build/html")


@nox.session
def package(session: nox.Session) -> None:
    """The wheel: what is in it, and the tests against it."""
    session.run("python", "-m", "pytest", "--slow", "tests/architecture/test_wheel.py")


@nox.session
def fix(session: nox.Session) -> None:
    """Format, and mend what can be mended mechanically."""
    session.run("ruff", "check", "--fix", "--exit-zero", "--quiet", ".")
    session.run("ruff", "format", ".")


@nox.session
def check(session: nox.Session) -> None:
    """The loop before a commit: fix, lint, types, the quick tests."""
    for name in ("fix", "lint", "types", "unit"):
        session.notify(name)
