"""The one door for developers: sets up once, then stands out of the way.

The real script in a tree of its own. What it would fetch from the network is a stand-in: a `uv`
that writes down how it was called and makes a small environment.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.tree import REPOSITORY

UV = """#!/bin/sh
if [ "$1" = --version ]; then echo "uv 0.13.9 (stand-in)"; exit 0; fi
echo "$@" >> "{log}"
bin="$UV_PROJECT_ENVIRONMENT/bin"
mkdir -p "$bin" "$UV_PROJECT_ENVIRONMENT/lib/python3.11/site-packages"
ln -sf "{python}" "$bin/python"
printf '#!/bin/sh\\nexec "%s" "$@"\\n' "{python}" > "$bin/kernel"
chmod +x "$bin/kernel"
"""
SYSTEM_TOOLS = (
    *("bash", "sh", "cat", "chmod", "dirname", "env", "flock", "head", "ln", "mkdir", "mktemp"),
    *("mv", "readlink", "rm", "sha256sum", "sort", "stat", "tail", "sleep", "timeout", "true"),
)


@dataclass(frozen=True)
class Checkout:
    """A tree with the script in it, and a PATH that holds nothing but what a test puts there."""

    root: Path
    path: Path

    def environment(self) -> dict[str, str]:
        return {"PATH": str(self.path), "HOME": str(self.root), "SHELL": "/bin/sh"}

    def run(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.root / "tools" / "dev"), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd or self.root,
            env=self.environment(),
        )

    def put(self, name: str, text: str) -> None:
        (self.path / name).write_text(text)
        (self.path / name).chmod(0o755)

    @property
    def syncs(self) -> list[str]:
        log = self.root / "uv.log"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def bare(tmp_path: Path) -> Checkout:
    """No Python, no uv: what coreutils and util-linux bring, and the script."""
    root = tmp_path / "a tree with spaces"
    (root / "tools").mkdir(parents=True)
    shutil.copy(REPOSITORY / "tools" / "dev", root / "tools" / "dev")
    (root / "uv.lock").write_text("lock\n")
    (root / "pyproject.toml").write_text("project\n")
    path = tmp_path / "path"
    path.mkdir()
    for name in SYSTEM_TOOLS:
        found = shutil.which(name)
        assert found, name
        (path / name).symlink_to(found)
    return Checkout(root, path)


@pytest.fixture
def checkout(bare: Checkout) -> Checkout:
    """The same with this Python and the stand-in for uv."""
    bare.put("uv", UV.format(log=bare.root / "uv.log", python=sys.executable))
    bare.put("python3", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    return bare


def test_the_first_run_syncs_the_exact_lock_and_the_second_goes_straight_on(
    checkout: Checkout,
) -> None:
    first = checkout.run("kernel", "-c", "print('ran')")
    assert (first.returncode, first.stdout) == (0, "ran\n"), first.stderr
    second = checkout.run("kernel", "-c", "print('ran')")
    assert (second.stdout, second.stderr) == ("ran\n", "")
    (call,) = checkout.syncs
    assert call.startswith("sync ")
    assert "--locked" in call
    assert "--extra ocr" in call


def test_the_program_needs_less_than_the_developer(checkout: Checkout) -> None:
    checkout.run("kernel", "-c", "")
    checkout.run("run", "true")
    checkout.run("kernel", "-c", "")
    assert ["--no-default-groups" in call for call in checkout.syncs] == [True, False]


def test_a_changed_lock_is_synced_and_the_developer_keeps_the_tools(checkout: Checkout) -> None:
    checkout.run("run", "true")
    (checkout.root / "uv.lock").write_text("another lock\n")
    checkout.run("kernel", "-c", "")
    assert ["--no-default-groups" in call for call in checkout.syncs] == [False, False]


def test_a_foreign_install_into_the_environment_is_noticed(checkout: Checkout) -> None:
    checkout.run("run", "true")
    (checkout.root / ".venv/lib/python3.11/site-packages/foreign.py").write_text("")
    checkout.run("run", "true")
    assert len(checkout.syncs) == 2


def test_a_failed_sync_is_tried_again(checkout: Checkout) -> None:
    working = (checkout.path / "uv").read_text()
    checkout.put("uv", working.replace("mkdir", "exit 3\nmkdir"))
    assert checkout.run("run", "true").returncode == 3
    checkout.put("uv", working)
    assert checkout.run("run", "true").returncode == 0
    assert len(checkout.syncs) == 2


def test_the_exit_status_and_the_folder_are_those_of_the_person(
    checkout: Checkout, tmp_path: Path
) -> None:
    program = "import os, sys; print(os.getcwd()); sys.exit(7)"
    finished = checkout.run("kernel", "-c", program, cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (7, f"{tmp_path}\n")


def test_arguments_arrive_as_they_were_given(checkout: Checkout) -> None:
    odd = ["two words", "$HOME", "", "*", "-x"]
    finished = checkout.run("kernel", "-c", "import sys; print(sys.argv[1:])", *odd)
    assert finished.stdout == f"{odd}\n"


def test_a_signal_reaches_the_program_itself(checkout: Checkout) -> None:
    checkout.run("run", "true")
    program = "import signal; print('up', flush=True); signal.pause()"
    with subprocess.Popen(
        [str(checkout.root / "tools" / "dev"), "kernel", "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        env=checkout.environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        # It replaced the shell: the process we started is the program.
        running = Path(f"/proc/{process.pid}/exe").resolve()
        assert running == Path(sys.executable).resolve()
        process.terminate()
        assert process.wait(timeout=10) == -signal.SIGTERM


def test_it_works_through_a_symlink_from_anywhere(checkout: Checkout, tmp_path: Path) -> None:
    link = tmp_path / "dev"
    link.symlink_to(checkout.root / "tools" / "dev")
    finished = subprocess.run(
        [str(link), "kernel", "-c", "print('ran')"],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=checkout.environment(),
    )
    assert finished.stdout == "ran\n", finished.stderr


def test_two_first_runs_at_once_set_up_once(checkout: Checkout) -> None:
    working = (checkout.path / "uv").read_text()
    # Long enough for the second to come to the same point.
    checkout.put("uv", working.replace("mkdir", "sleep 0.5\nmkdir"))
    command = [str(checkout.root / "tools" / "dev"), "kernel", "-c", ""]
    both = [subprocess.Popen(command, env=checkout.environment()) for _ in range(2)]
    assert [process.wait(timeout=30) for process in both] == [0, 0]
    assert len(checkout.syncs) == 1


def test_without_python_it_says_what_to_install(bare: Checkout) -> None:
    finished = bare.run("kernel")
    assert finished.returncode == 2
    assert "apt install python3" in finished.stderr


def test_without_pip_and_uv_it_says_what_to_install(bare: Checkout) -> None:
    bare.put(
        "python3",
        f'#!/bin/sh\n[ "$1" = -m ] && exit 1\nexec "{sys.executable}" "$@"\n',
    )
    finished = bare.run("kernel")
    assert finished.returncode == 2
    assert "apt install python3-pip" in finished.stderr


def test_uv_is_fetched_by_pip_into_the_tree(bare: Checkout) -> None:
    """The stand-in for pip puts the stand-in for uv where `--target` says."""
    bare.put("uv-to-fetch", UV.format(log=bare.root / "uv.log", python=sys.executable))
    bare.put(
        "python3",
        f"""#!/bin/sh
if [ "$1" = -m ] && [ "$3" = install ]; then
  while [ "$1" != --target ]; do shift; done
  mkdir -p "$2/bin" && mv "{bare.path}/uv-to-fetch" "$2/bin/uv"
  exit
fi
[ "$1" = -m ] && exit 0
exec "{sys.executable}" "$@"
""",
    )
    finished = bare.run("kernel", "-c", "print('ran')")
    assert finished.stdout == "ran\n", finished.stderr
    assert len(bare.syncs) == 1
    (fetched,) = (bare.root / ".tools").glob("uv-*/bin/uv")
    assert os.access(fetched, os.X_OK)


def test_a_uv_that_is_too_old_is_not_used(checkout: Checkout) -> None:
    old = (checkout.path / "uv").read_text().replace("uv 0.13.9", "uv 0.4.30")
    checkout.put("uv", old)
    checkout.put("python3", f'#!/bin/sh\n[ "$1" = -m ] && exit 1\nexec "{sys.executable}" "$@"\n')
    finished = checkout.run("kernel")
    assert "fetches uv" in finished.stderr
    assert checkout.syncs == []


def test_an_unknown_command_is_refused_with_the_list(checkout: Checkout) -> None:
    finished = checkout.run("tset")
    assert finished.returncode == 2
    assert "usage: tools/dev" in finished.stderr
    assert checkout.syncs == []


def test_a_program_that_is_no_command_is_told_how_to_be_run(checkout: Checkout) -> None:
    finished = checkout.run("true")
    assert finished.returncode == 2
    assert "tools/dev run true" in finished.stderr.splitlines()[-1]
    assert checkout.run("run", "true").returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become a user without rights")
def test_without_rights_a_missing_system_package_is_one_line_and_no_failure(
    checkout: Checkout,
) -> None:
    # An interpreter that every user can reach; what it says of pytest is not looked at.
    checkout.put("uv", UV.format(log=checkout.root / "uv.log", python="/bin/sh"))
    checkout.run("run", "true")
    checkout.put("apt-get", "#!/bin/sh\nexit 9\n")
    # pytest keeps its folders to their owner.
    for folder in list(checkout.root.parents)[:3]:
        folder.chmod(0o755)
    finished = subprocess.run(
        [str(checkout.root / "tools" / "dev"), "test", "--version"],
        capture_output=True,
        text=True,
        check=False,
        env=checkout.environment(),
        user=65534,
        group=65534,
    )
    lines = [line for line in finished.stderr.splitlines() if line.startswith("dev:")]
    assert len(lines) == 1, finished.stderr
    assert "sudo apt install tesseract-ocr" in lines[0]
