"""What the store remembers of what its owner saw, hides and looks out for."""

from __future__ import annotations

from pathlib import Path

from meshnode.store import Alert, Hidden, Seen, Store

NOW = 1_000
FAR = 9_000


def test_what_was_shown_is_known_until_it_expires_and_its_latest_name_counts() -> None:
    finding = Store.open(":memory:").finding
    finding.mark_seen([Seen(1, 10, FAR), Seen(2, 20, NOW + 1)], NOW)
    finding.mark_seen([Seen(1, 11, FAR)], NOW)
    assert finding.seen([1, 2, 3]) == {1: Seen(1, 11, FAR), 2: Seen(2, 20, NOW + 1)}
    assert finding.seen([]) == {}
    finding.mark_seen([], NOW + 1)
    assert finding.seen([1, 2]) == {1: Seen(1, 11, FAR)}


def test_an_alert_is_raised_once_and_again_only_under_another_name() -> None:
    finding = Store.open(":memory:").finding
    watch = finding.add_watch("{}", NOW)
    assert finding.raise_alert(watch.no, Seen(1, 10, FAR), NOW)
    assert not finding.raise_alert(watch.no, Seen(1, 10, FAR), NOW + 1)
    assert finding.alerts(NOW) == [Alert(watch.no, 1, NOW)]
    finding.mark_seen([Seen(1, 10, FAR)], NOW)
    assert finding.alerts(NOW) == []
    assert not finding.raise_alert(watch.no, Seen(1, 10, FAR), NOW + 2)
    assert finding.raise_alert(watch.no, Seen(1, 11, FAR), NOW + 3)
    assert finding.count_alerts(NOW) == 1
    assert finding.count_alerts(FAR) == 0


def test_two_watches_for_one_listing_count_as_one() -> None:
    finding = Store.open(":memory:").finding
    for _ in range(2):
        finding.raise_alert(finding.add_watch("{}", NOW).no, Seen(1, 10, FAR), NOW)
    assert (len(finding.alerts(NOW)), finding.count_alerts(NOW)) == (2, 1)


def test_a_watch_that_ends_takes_its_alerts_along_and_its_number_never_comes_again() -> None:
    finding = Store.open(":memory:").finding
    watch = finding.add_watch("{}", NOW)
    finding.raise_alert(watch.no, Seen(1, 10, FAR), NOW)
    finding.remove_watch(watch.no)
    assert (finding.alerts(NOW), finding.watches()) == ([], [])
    assert finding.add_watch("{}", NOW).no > watch.no


def test_only_the_latest_alerts_of_a_watch_are_kept() -> None:
    finding = Store.open(":memory:").finding
    watch, other = finding.add_watch("{}", NOW), finding.add_watch("{}", NOW)
    for key in range(5):
        finding.raise_alert(watch.no, Seen(key, 10, FAR), NOW + key)
    finding.raise_alert(other.no, Seen(9, 10, FAR), NOW)
    finding.bound_alerts(watch.no, 2, NOW)
    assert [alert.key for alert in finding.alerts(NOW) if alert.watch == watch.no] == [4, 3]
    assert [alert.key for alert in finding.alerts(NOW) if alert.watch == other.no] == [9]


def test_what_is_hidden_outlives_the_process_and_can_be_known_better(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        store.finding.hide(Hidden("abcd", "Ladder", NOW, FAR))
        store.finding.hide(Hidden("abcd", "Long ladder", NOW + 5, FAR + 1))
        store.finding.hide(Hidden("efgh", "Chair", NOW + 1, FAR))
    with Store.open(tmp_path / "store.db") as store:
        assert store.finding.hidden() == [
            Hidden("efgh", "Chair", NOW + 1, FAR),
            Hidden("abcd", "Long ladder", NOW, FAR + 1),
        ]
        store.finding.unhide("abcd")
        assert [hidden.listing for hidden in store.finding.hidden()] == ["efgh"]
