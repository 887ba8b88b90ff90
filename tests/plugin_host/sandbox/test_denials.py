"""What a plugin may not do, tried from inside real hosts, under a root kernel and a user's."""

from __future__ import annotations

import socket

import pytest

from tests.plugin_host.sandbox import host_rig
from tests.plugin_host.sandbox.host_rig import run

who = pytest.mark.parametrize("who", ["root", "user"])


@who
def test_a_host_sees_no_file_but_code_and_libraries_and_writes_only_scratch(who: str) -> None:
    outcome = run(who, "attempts:files")

    # By the file's mode where somebody else owns the code, by the read-only tree where we do.
    assert outcome.answer.pop("write code") in {"EACCES", "EROFS"}
    assert outcome.answer == {
        "read secret": "ENOENT",
        "read through ..": "ENOENT",
        "read through symlink": "ENOENT",
        "read /etc/passwd": "ENOENT",
        "see /root": "ENOENT",
        "list /": "EACCES",
        "list /proc": "EACCES",
        "read pid 1": "EACCES",
        "write secret": "EROFS",
        "write base": "EROFS",
        "truncate code": "EPERM",
        "truncating open": "EPERM",
        "chmod code": "EROFS",
        "utime code": "EROFS",
        "unlink code": "EROFS",
        "link code out": "EXDEV",
        "write ipc dir": "EROFS",
        "write scratch": "done",
        "read code": "done",
        "read own proc": "done",
    }
    assert outcome.secret_intact


def test_without_an_own_file_tree_landlock_and_seccomp_still_protect_files() -> None:
    answer = run("user", "attempts:files", policy={"layers_off": ["mount_view"]}).answer

    allowed = {name for name, code in answer.items() if code == "done"}
    assert allowed == {"write scratch", "read code", "read own proc"}
    assert answer["read secret"] == "EACCES"
    assert answer["chmod code"] == "EPERM"


@who
def test_a_host_has_no_socket_but_to_its_kernel(who: str) -> None:
    answer = run(who, "attempts:sockets").answer

    assert answer == {
        "python inet": "PermissionError",
        "python inet6 udp": "PermissionError",
        "libc inet": "EAFNOSUPPORT",
        "libc inet6": "EAFNOSUPPORT",
        "libc netlink": "EAFNOSUPPORT",
        "libc packet": "EAFNOSUPPORT",
        "libc vsock": "EAFNOSUPPORT",
        "foreign unix": "ENOENT",
        "abstract unix": "ECONNREFUSED",
        "own ipc": "done",
        "socketpair": "done",
    }


@who
def test_a_loopback_host_gets_tcp_sockets_and_nothing_else(who: str) -> None:
    answer = run(who, "attempts:sockets", policy={"network": "loopback"}).answer

    assert answer["libc inet"] == answer["python inet"] == "done"
    assert answer["python inet6 udp"] == "EAFNOSUPPORT"
    assert answer["libc netlink"] == answer["libc vsock"] == "EAFNOSUPPORT"


@who
def test_a_loopback_host_reaches_the_granted_port_and_is_called_level_c(who: str) -> None:
    with socket.socket() as granted, socket.socket() as other:
        for listener in (granted, other):
            listener.bind(("127.0.0.1", 0))
            listener.listen()
        ports = [listener.getsockname()[1] for listener in (granted, other)]
        answer = run(
            who,
            "attempts:connect_loopback",
            policy={"network": "loopback", "connect_ports": ports[:1]},
            host={"granted_port": ports[0], "other_port": ports[1]},
        ).answer

    # The address is not judged by any layer, so the level says so.
    assert answer["level"] == "C"
    assert answer["granted port"] == "done"
    assert answer["other port"] == answer["bind"] == "EACCES"


@who
def test_a_host_serves_loopback_on_a_socket_of_the_kernel_without_a_network_of_its_own(
    who: str,
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        process = host_rig.start(
            who,
            "attempts:serve_loopback",
            pass_fds=(listener.fileno(),),
            host={"listen_fd": listener.fileno()},
        )
        with socket.create_connection(listener.getsockname(), timeout=30) as client:
            words = client.makefile("rb").read()
    output, errors = process.communicate(timeout=60)

    assert words == b"hello from inside"
    assert '"libc inet\\": \\"EAFNOSUPPORT' in output.decode(), errors


@who
def test_dangerous_calls_are_refused_and_scheduler_calls_answered_without_effect(who: str) -> None:
    answer = run(who, "attempts:calls").answer

    refused = ("memfd", "memfd_secret", "shmget", "unshare", "clone user", "setns", "mount")
    assert {answer[name] for name in (*refused, "ptrace", "bpf", "keyctl")} == {"EPERM"}
    assert answer["io_uring"] == answer["clone3"] == "ENOSYS"
    assert answer["kill kernel"] == "ESRCH"
    assert answer["ignore children"] == answer["handle children"] == "EPERM"
    assert (answer["children as always"], answer["child status"]) == (True, 7)
    assert answer["setsid"] == "done"
    assert answer["session"] is True
    assert answer["affinity kept"] is True
    assert 0 not in answer["uid"]


@who
def test_no_program_runs_that_was_not_granted(who: str) -> None:
    answer = run(who, "attempts:programs").answer

    assert answer == {
        "shell": "ENOENT",
        "curl": "ENOENT",
        "python": "ENOENT",
        "from scratch": "EACCES",
        "dlopen from scratch": "OSError",
    }


@who
def test_a_fork_bomb_stops_at_the_limit_of_its_own_host(who: str) -> None:
    answer = run(who, "attempts:fork_bomb", policy={"nproc_max": 24}).answer

    assert answer["stopped"] == "EAGAIN"
    assert 8 <= answer["children"] < 24


@who
def test_a_memory_hog_gets_a_memory_error(who: str) -> None:
    answer = run(who, "attempts:memory_hog", policy={"data_bytes_max": 300 << 20}).answer

    assert answer["stopped"] == "MemoryError"
    assert 128 <= answer["mib"] <= 300


def test_a_file_cannot_grow_beyond_its_limit() -> None:
    answer = run("user", "attempts:file_hog", policy={"fsize_bytes_max": 4 << 20}).answer

    assert answer == {"stopped": "EFBIG", "bytes": 4 << 20}


def test_a_host_inherits_nothing_of_the_kernel() -> None:
    answer = run("user", "attempts:environment").answer

    # Streams, the lifeline, and the descriptor of the listing itself.
    assert len(answer["fds"]) == 5
    assert answer["environ"]["HOME"].endswith("/scratch")
    assert answer["environ"]["OMP_NUM_THREADS"] == "1"
    assert "USER" not in answer["environ"]


@who
def test_libraries_work_inside(who: str) -> None:
    answer = run(who, "work:libraries").answer

    assert answer == {"numpy": 45, "msgspec": 1, "sqlite": 1, "zone": "Europe/Berlin"}


@who
def test_text_is_recognized_inside(who: str) -> None:
    pytest.importorskip("rapidocr")
    outcome = run(who, "work:rapid", policy={"data_bytes_max": 2 << 30})

    assert outcome.answer is not None, outcome.errors
    assert "HELLO" in "".join(outcome.answer["text"])
    assert outcome.answer["uid"] != 0


@who
def test_a_granted_program_runs_and_reads_its_data(who: str) -> None:
    program = host_rig.needs_program("tesseract")
    grant = [program, ["/usr/share/tesseract-ocr", "/usr/share/tessdata"]]
    outcome = run(who, "work:tesseract", policy={"programs": [grant]})

    assert outcome.answer == {"text": "HELLO 42"}, outcome.errors
