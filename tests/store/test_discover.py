"""What the owner has seen, hides and searches for."""

from __future__ import annotations

from pathlib import Path

from meshnode.store import Alert, Hidden, Seen, Store

NOW = 1_000
FAR = 9_000


def test_a_shown_listing_is_known_until_it_expires_and_its_latest_title_counts() -> None:
    discover = Store.open(":memory:").discover
    discover.mark_seen([Seen(1, 10, FAR), Seen(2, 20, NOW + 1)], NOW)
    discover.mark_seen([Seen(1, 11, FAR)], NOW)
    assert discover.seen([1, 2, 3]) == {1: Seen(1, 11, FAR), 2: Seen(2, 20, NOW + 1)}
    assert discover.seen([]) == {}
    assert discover.seen(range(2, 1000)) == {2: Seen(2, 20, NOW + 1)}
    discover.mark_seen([], NOW + 1)
    assert discover.seen([1, 2]) == {1: Seen(1, 11, FAR)}


def test_an_alert_is_raised_once_and_again_only_under_another_title() -> None:
    discover = Store.open(":memory:").discover
    watch = discover.add_watch("{}", NOW)
    assert discover.raise_alert(watch.no, Seen(1, 10, FAR), NOW)
    assert not discover.raise_alert(watch.no, Seen(1, 10, FAR), NOW + 1)
    assert discover.alerts(NOW) == [Alert(watch.no, 1, NOW)]
    discover.mark_seen([Seen(1, 10, FAR)], NOW)
    assert discover.alerts(NOW) == []
    assert not discover.raise_alert(watch.no, Seen(1, 10, FAR), NOW + 2)
    assert discover.raise_alert(watch.no, Seen(1, 11, FAR), NOW + 3)
    assert discover.count_alerts(NOW) == 1
    assert discover.count_alerts(FAR) == 0


def test_two_watches_for_one_listing_count_as_one() -> None:
    discover = Store.open(":memory:").discover
    for _ in range(2):
        discover.raise_alert(discover.add_watch("{}", NOW).no, Seen(1, 10, FAR), NOW)
    assert (len(discover.alerts(NOW)), discover.count_alerts(NOW)) == (2, 1)


def test_deleting_a_watch_deletes_its_alerts_and_never_reuses_its_number() -> None:
    discover = Store.open(":memory:").discover
    watch = discover.add_watch("{}", NOW)
    discover.raise_alert(watch.no, Seen(1, 10, FAR), NOW)
    discover.remove_watch(watch.no)
    assert (discover.alerts(NOW), discover.watches()) == ([], [])
    assert discover.add_watch("{}", NOW).no > watch.no


def test_only_the_latest_alerts_of_a_watch_are_kept() -> None:
    discover = Store.open(":memory:").discover
    watch, other = discover.add_watch("{}", NOW), discover.add_watch("{}", NOW)
    for key in range(5):
        discover.raise_alert(watch.no, Seen(key, 10, FAR), NOW + key)
    discover.raise_alert(other.no, Seen(9, 10, FAR), NOW)
    discover.bound_alerts(watch.no, 2, NOW)
    assert [alert.key for alert in discover.alerts(NOW) if alert.watch == watch.no] == [4, 3]
    assert [alert.key for alert in discover.alerts(NOW) if alert.watch == other.no] == [9]


def test_a_hidden_listing_is_kept_over_a_restart_and_its_title_can_change(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        store.discover.hide(Hidden("abcd", "Ladder", NOW, FAR))
        store.discover.hide(Hidden("abcd", "Long ladder", NOW + 5, FAR + 1))
        store.discover.hide(Hidden("efgh", "Chair", NOW + 1, FAR))
    with Store.open(tmp_path / "store.db") as store:
        assert store.discover.hidden() == [
            Hidden("efgh", "Chair", NOW + 1, FAR),
            Hidden("abcd", "Long ladder", NOW, FAR + 1),
        ]
        store.discover.unhide("abcd")
        assert [hidden.listing for hidden in store.discover.hidden()] == ["efgh"]
