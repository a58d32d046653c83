"""The Debian package: installed, used by a person without rights, and removed again, on a system that is then thrown away."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.debian_system import GIVEN, USER, DebianSystem
from tests.support.waiting import eventually

HOME = f"/home/{USER}/.local/share/meshnode"
SETTINGS = {"etc/ufw/applications.d/meshnode"}

# What dpkg, and the making of the user, write into every system.
BOOKS = ("var/lib/dpkg/", "var/log/", "var/cache/", "home/", "tmp/", "dev/", "run/", "var/mail/", "etc/.pwd.lock")
USERS = {
    f"etc/{name}{old}" for name in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid") for old in ("", "-")
}

PYTHON = "usr/bin/python3"  # which a test here points elsewhere and back

# Prints the start page in German, as a browser sees it that follows the link in the first argument.
BROWSE = """
import http.client, sys, urllib.parse
link = urllib.parse.urlsplit(sys.argv[1])
def get(path, **more):
    browser = http.client.HTTPConnection("127.0.0.1", link.port, timeout=20)
    browser.request("GET", path, headers={"Host": link.netloc, "Accept-Language": "de", **more})
    return browser.getresponse()
cookie = get(link.path).headers["Set-Cookie"].partition(";")[0]
print(get("/", Cookie=cookie).read().decode())
"""


@pytest.fixture(scope="module")
def system(new_system: Callable[[], DebianSystem], built: dict[str, Path]) -> DebianSystem:
    """A system on which the package was installed; the last test removes it."""
    system = new_system()
    assert files(system) == set()
    install(system, built)
    return system


def install(system: DebianSystem, built: dict[str, Path]) -> None:
    done = system.run("dpkg", "--install", f"{GIVEN}/{built['deb'].name}")
    assert done.code == 0, done.err


def files(system: DebianSystem) -> set[str]:
    """Return the files that were written beside the books of dpkg and of users."""
    changes = system.changes()
    assert all(there or path.startswith(BOOKS) for path, there in changes.items()), "a file of the system is lost"
    return {path for path in changes if not path.startswith(BOOKS) and path not in USERS | {PYTHON}}


def status(system: DebianSystem) -> dict[str, object] | None:
    """Return what the node of the user says of itself once it is ready."""
    done = system.run("meshnode", "status", "--json", user=USER)
    reply: dict[str, object] = json.loads(done.out) if done.code == 0 else {}
    return reply if reply.get("ready") else None


def test_installing_starts_nothing(system: DebianSystem) -> None:
    assert system.processes() == []
    assert not [path for path in files(system) if path.startswith("etc/systemd/") or ".wants" in path]


def test_a_person_finds_everything_compiled(system: DebianSystem) -> None:
    (python,) = (path for path in files(system) if path.endswith("/bin/python"))
    lost = "[n for n, m in sys.modules.items() if getattr(m, '__cached__', None) and not os.path.exists(m.__cached__)]"
    loaded = f"import os, sys, meshnode.node.daemon, meshnode.web.app; print(len(sys.modules) > 500, {lost})"
    assert system.run(f"/{python}", "-I", "-c", loaded, user=USER).out == "True []\n"


def test_a_person_without_rights_runs_a_node(system: DebianSystem, tmp_path: Path) -> None:
    assert system.run("meshnode", "init", "--name", "Ann", "--no-input", user=USER).code == 0
    log = tmp_path / "log"
    with log.open("w") as written:
        command = ("meshnode", "run", "--interface", "lo", "--no-input")
        node = system.start(*command, user=USER, stdout=written, stderr=written)
    try:
        assert eventually(lambda: status(system), "the node is ready", within=60)["ready"], log.read_text()
        assert len(system.processes()) == 1
        check_what_needs_more_than_code(system)
    finally:
        node.terminate()
        assert node.wait(20) == 0, log.read_text()


def check_what_needs_more_than_code(system: DebianSystem) -> None:
    """Use the page, the languages, and the child that reads pictures."""
    link = system.run("meshnode", "open", "--link", user=USER).out.strip()
    page = system.run("/usr/bin/python3", "-I", "-c", BROWSE, link, user=USER)
    assert '<html lang="de"' in page.out, page
    german = system.run("meshnode", "status", user=USER, LC_ALL="de_DE.UTF-8")
    assert "Bereit." in german.out, german
    assert system.run("meshnode", "card", "--png", "card.png", user=USER).code == 0
    own = system.run("meshnode", "add", "card.png", user=USER)
    assert (own.code, "This is your own card" in own.err) == (5, True), own


def test_the_manual_and_the_completion_are_where_the_system_looks_for_them(system: DebianSystem) -> None:
    manual = system.run("gzip", "--decompress", "--stdout", "/usr/share/man/man1/meshnode-offer.1.gz")
    assert manual.out.startswith(".TH MESHNODE")
    completed = "source /usr/share/bash-completion/completions/meshnode; complete -p meshnode"
    assert "_meshnode_completion" in system.run("bash", "-c", completed).out


def test_the_unit_of_the_system_can_be_switched_on_and_goes_with_the_package(system: DebianSystem) -> None:
    if system.run("sh", "-c", "command -v systemctl && command -v systemd-analyze").code != 0:
        pytest.skip("this system has no systemd")
    checked = system.run("systemd-analyze", "verify", "--man=no", "/usr/lib/systemd/system/meshnode.service")
    assert (checked.code, [line for line in checked.err.splitlines() if "meshnode" in line]) == (0, []), checked
    assert system.run("systemctl", "enable", "meshnode.service").code == 0
    assert system.run("test", "-L", "/etc/systemd/system/multi-user.target.wants/meshnode.service").code == 0


def test_a_service_of_a_person_starts_the_program_by_the_name_that_an_update_keeps(system: DebianSystem) -> None:
    (python,) = (path for path in files(system) if path.endswith("/bin/python"))
    asked = "from meshnode.service.installed_program import program_words; print(program_words())"
    assert system.run(f"/{python}", "-I", "-c", asked, user=USER).out == "('/usr/bin/meshnode',)\n"


def test_an_update_keeps_the_settings_of_the_owner_and_nothing_of_the_old_program(
    system: DebianSystem, built: dict[str, Path]
) -> None:
    system.run("sh", "-c", "echo '# mine' >> /etc/ufw/applications.d/meshnode")
    stale = "/usr/lib/meshnode/shared/meshnode/cli/__pycache__/gone.pyc"
    assert system.run("touch", stale).code == 0
    install(system, built)
    assert "# mine" in system.run("cat", "/etc/ufw/applications.d/meshnode").out
    assert system.run("test", "-e", stale).code == 1
    assert system.run("meshnode", "version", user=USER).code == 0


def test_a_python_that_the_package_has_nothing_for_is_one_line(system: DebianSystem) -> None:
    python = system.run("readlink", "/usr/bin/python3").out.strip()
    try:
        system.run("ln", "--symbolic", "--force", "python3.99", "/usr/bin/python3")
        done = system.run("meshnode", "version", user=USER)
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
        assert "newer package" in done.err
        # dpkg calls this when a Python comes or changes, perhaps before there is a package for it.
        assert system.run("/var/lib/dpkg/info/meshnode.postinst", "triggered", "/usr/bin/python3.13").code == 0
    finally:
        system.run("ln", "--symbolic", "--force", python, "/usr/bin/python3")


def test_removing_leaves_the_settings_and_purging_leaves_nothing_but_the_node_of_the_person(
    system: DebianSystem,
) -> None:
    system.run("mkdir", "--parents", HOME, user=USER)
    assert system.run("dpkg", "--remove", "meshnode").code == 0
    assert files(system) == SETTINGS
    purged = system.run("dpkg", "--purge", "meshnode")
    assert (purged.code, purged.err) == (0, "")
    assert files(system) == set()
    assert system.run("test", "-e", "/usr/lib/meshnode").code == system.run("test", "-e", "/etc/ufw").code == 1
    assert system.run("test", "-d", HOME).code == 0
