import os

import pytest

from tests.cluster.packages import PackagesMissing, install_missing


def test_who_may_not_install_is_told_the_packages_and_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(PackagesMissing, match=r"only root can install: `apt-get install .*redis-server`"):
        install_missing()
