"""The user that hosts run as when the kernel is root."""

from __future__ import annotations

import pwd

from kernel.config.service_user import service_ids


def test_service_user_exists_and_is_not_root() -> None:
    uid, gid = service_ids()
    assert uid != 0
    assert gid != 0
    assert pwd.getpwuid(uid).pw_name in {"autocapture", "nobody"}
