"""The detectors of an export: what must be masked is, what is ordinary stays."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import hypothesis.strategies as st
import pytest
from hypothesis import given

from kernel.query.secrets import find_in_lines, find_secrets, mask_finds, mask_text


@pytest.mark.parametrize(
    ("text", "detector", "found"),
    [
        ("write to anna.b+x@example.org today", "email", "anna.b+x@example.org"),
        ("card 4111 1111 1111 1111 exp", "card", "4111 1111 1111 1111"),
        ("5500-0000-0000-0004", "card", "5500-0000-0000-0004"),
        ("AWS AKIAIOSFODNN7EXAMPLE ok", "key", "AKIAIOSFODNN7EXAMPLE"),
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "key", None),
        ("Authorization: Bearer abcdef0123456789", "token", "abcdef0123456789"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0.SflKxwRJ", "token", None),
        ("Password: hunter22", "password", "hunter22"),
        ("Passwort hunter3geheim", "password", "hunter3geheim"),
        ("Kennwort lautet geheim!", "password", "geheim!"),
        ("PIN 4821", "password", "4821"),
        ("Your code is 482 913", "one-time-code", "482 913"),
        ("-----BEGIN RSA PRIVATE KEY-----", "private-key", None),
        ("-----END OPENSSH PRIVATE KEY-----", "private-key", None),
        ("—— END PRIVATE KEY ——", "private-key", None),
        ("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c", "token", None),
    ],
)
def test_a_secret_is_found(text: str, detector: str, found: str | None) -> None:
    (secret,) = find_secrets(text)
    assert secret.detector == detector
    assert text[secret.start : secret.end] == (found or text)


@pytest.mark.parametrize(
    "text",
    [
        "Meeting at 10:30 with the team",
        "4111 1111 1111 1112",
        "0000 0000 0000 0000",
        "Forgot your password? Reset password here",
        "Passwort vergessen",
        "The token expired, the secret santa list",
        "-----BEGIN CERTIFICATE-----",
        "Invoice 20871 of 2026-11-23",
        "/usr/local/share/some/rather/long/path/of/a/file",
        "internationalisationandlocalisation",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert mask_text(text) == (text, [])


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_masked_address_is_gone_from_any_line(before: str, after: str) -> None:
    masked, secrets = mask_text(f"{before} someone@example.com {after}")
    assert "someone@example.com" not in masked
    assert secrets
    assert all(a.end <= b.start for a, b in itertools.pairwise(secrets))


KEY = [
    "-----BEGIN PRIVATE KEY-----",
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
    "a line that was read with blanks in it",
    "Qx0dHg==",
    "-----END PRIVATE KEY-----",
]


@pytest.mark.parametrize(
    ("lines", "masked"),
    [
        (["before", *KEY, "after"], range(1, 6)),
        (["before", *KEY[:2], KEY[3], "what follows it", "word"], range(1, 4)),
        (["and before", KEY[1], KEY[3], KEY[4], "after"], range(1, 4)),
        ([*KEY[3:], "between", *KEY[:2]], (0, 1, 3, 4)),
    ],
)
def test_a_private_key_is_masked_from_its_first_line_to_its_last(
    lines: list[str], masked: Sequence[int]
) -> None:
    finds = find_in_lines(lines)
    texts = [mask_finds(line, secrets) for line, secrets in zip(lines, finds, strict=True)]
    expected = ["[private-key]" if at in masked else line for at, line in enumerate(lines)]
    assert texts == expected
