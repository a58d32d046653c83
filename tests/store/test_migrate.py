"""Migrations: each step runs once, completely or not at all, and keeps every row."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from meshnode.errors import Refused
from meshnode.store import HeldItems, Phone, PhoneAct, RecordState, Seen, Store
from meshnode.store.database import Database
from meshnode.store.migrate import Migration, migrate, migrations
from meshnode.store.rows import id_key
from protocol import Photo, Record
from tests.support.mail import stored_letters
from tests.support.people import NOW, Person

PHOTOS = (Photo(b"p" * 32, 9, b"s" * 32, 5),)
FIRST = Migration(1, "begin", "CREATE TABLE apple (name TEXT); INSERT INTO apple VALUES ('Boskoop');")
SECOND = Migration(2, "grow", "ALTER TABLE apple ADD COLUMN color TEXT NOT NULL DEFAULT 'red';")
BROKEN = Migration(2, "break", "INSERT INTO apple VALUES ('Elstar'); INSERT INTO pear VALUES ('Conference');")


def test_each_step_has_a_number_of_its_own_and_the_first_is_the_first() -> None:
    numbers = [step.version for step in migrations()]
    assert numbers[0] == 1
    assert numbers == sorted(set(numbers))


def test_an_old_database_gets_the_missing_steps_and_keeps_its_rows(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "store.db")
    migrate(database, [FIRST])
    database.close()
    database = Database.open(tmp_path / "store.db")
    migrate(database, [FIRST, SECOND])
    migrate(database, [FIRST, SECOND])
    assert database.all("SELECT * FROM apple") == [("Boskoop", "red")]
    assert database.value("PRAGMA user_version") == 2
    database.close()


def test_a_new_database_gets_all_steps_or_none(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "store.db")
    with pytest.raises(apsw.SQLError):
        migrate(database, [FIRST, BROKEN])
    assert database.value("PRAGMA user_version") == 0
    assert database.all("SELECT name FROM sqlite_schema") == []
    database.close()


def test_a_store_in_memory_has_the_tables_of_a_new_one_on_a_disk(tmp_path: Path) -> None:
    with Store.open(":memory:") as in_memory, Store.open(tmp_path / "store.db") as on_disk:
        asked = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name"
        assert in_memory._database.all(asked) == on_disk._database.all(asked)
        version = "PRAGMA user_version"
        assert in_memory._database.value(version) == on_disk._database.value(version) == migrations()[-1].version


def test_a_failed_step_changes_nothing(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "store.db")
    migrate(database, [FIRST])
    with pytest.raises(apsw.SQLError):
        migrate(database, [FIRST, BROKEN])
    assert database.all("SELECT * FROM apple") == [("Boskoop",)]
    assert database.value("PRAGMA user_version") == 1
    database.close()


def test_a_store_of_a_newer_version_is_refused_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    Store.open(path).close()
    database = Database.open(path)
    database.run("PRAGMA user_version = 999")
    database.close()
    before = path.read_bytes()
    with pytest.raises(Refused, match="newer meshnode") as caught:
        Store.open(path)
    assert caught.value.exit_code == 5
    assert "update" in caught.value.hint
    assert [entry.name for entry in tmp_path.iterdir()] == ["store.db"]
    assert path.read_bytes() == before


def put_listing(database: Database, no: int, record: Record, state: RecordState = RecordState.LIVE) -> None:
    """Write a listing into a store of an earlier version, with its author as person 1."""
    header, columns = record.header, {row[1] for row in database.all("PRAGMA table_info(record)")}
    database.run("INSERT OR IGNORE INTO person VALUES (1, ?)", (header.author,))
    database.run("INSERT OR IGNORE INTO device VALUES (1, ?)", (header.device,))
    names = "min_valid_version, latest_expiry" if "min_valid_version" in columns else "floor, outlives"
    database.run(
        "INSERT INTO record (no, id, id_key, author, kind, slot, role, device, version, audience, policy_version, created,"
        " expires, FLOOR, state, complete, withdrawn, arrived, due, size, wire)"
        " VALUES (?, ?, ?, 1, ?, ?, ?, 1, 1, ?, 1, ?, ?, 1, ?, ?, 1, 0, ?, ?, ?, ?)".replace("FLOOR", names),
        (
            no, record.id, id_key(record.id), header.kind, header.slot, 0 if state is RecordState.LIVE else None,
            header.audience, header.created, header.expires, header.latest_expiry, int(state), header.created,
            header.expires, len(record.wire), record.wire,
        ),
    )  # fmt: skip


def test_a_store_of_the_first_version_gets_every_later_step_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    database = Database.open(path)
    migrate(database, migrations()[:1])
    record = Person("Alice").listing()
    header = record.header
    put_listing(database, 1, record)
    database.close()
    with Store.open(path) as store:
        assert store.records.get(record.id) == record
        (row,) = store.records.rows()
        assert (row.author, row.tag) == (header.author, None)
        assert stored_letters(store) == []
        assert store.introductions.all(NOW) == []
        assert store.key_shares.kept() == {}


RENAMED = {"ended": "archive", "letter_awaited": "letter_receipt_due"}
ROWS: dict[str, tuple[object, ...]] = {
    "person": (1, b"p" * 32),
    "device": (1, b"d" * 32),
    "fork": (1, b"one", b"other"),
    "address": (1, 1, "192.168.1.7", 7000, NOW),
    "pinned": (1, 1, b"dh", b"presence"),
    "issued": (b"card", b"secret", 800, 1, NOW),
    "claim": (b"card", 1, NOW),
    "taken": (b"taken", "text", NOW, NOW + 1),
    "blocked": (1, NOW),
    "meta": ("port", "7001"),
    "letter_read": (1, b"slot", 7, NOW),
    "letter_sent": (b"slot", 1, NOW, NOW + 1, NOW + 2, 1, None),
    "letter_awaited": (b"slot", 1),
    "introduction": (1, 1, "Carol", "Meet Carol", b"certificates", NOW),
    "exchange": (1, 1, b"e" * 16, "Bob", 1, b"slot", "Bread", "food", 1, 1, "REQUESTED", 2, 1, NOW, NOW + 1),
    "move": (1, 1, 1, b"fields", NOW, b"letter"),
    "seen": (1, 2, NOW),
    "hidden": ("listing", "Bread", NOW, NOW + 1),
    "watch": (1, "{}", NOW),
    "alert": (1, 2, 3, NOW, NOW + 1, 1),
    "place": (b"slot", 52.5, 13.4),
    "ended": (b"slot", "closed", NOW, NOW + 1, b"wire"),
    "device_code": (b"code", b"secret", "Pi", NOW, b"d" * 32),
    "own_device": (1, "Pi", NOW),
    "reissue": (1, b"wire", 1),
    "record": (
        1, b"i" * 32, 1, 1, 5, b"slot", 0, 1, 2, 3, 4, NOW, NOW + 1, 2, NOW + 2, 1, "cell", 1, 0, 1, NOW, NOW + 3, 4, b"wire",
        b"tag",
    ),
}  # fmt: skip


def test_a_store_with_the_old_names_keeps_every_row_of_every_table() -> None:
    before = [step for step in migrations() if step.version < 8]
    database = Database.open(":memory:")
    migrate(database, before)
    tables = {name for (name,) in database.all("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert tables - {"sqlite_sequence"} == set(ROWS)
    for table, row in ROWS.items():
        database.run(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)  # noqa: S608 - ours
    migrate(database, [step for step in migrations() if step.version <= 8])
    for table, row in ROWS.items():
        assert database.all(f"SELECT * FROM {RENAMED.get(table, table)}") == [row], table  # noqa: S608
    assert database.all("PRAGMA foreign_key_check") == []
    database.close()


def test_small_values_keep_their_content_under_their_new_names() -> None:
    database = Database.open(":memory:")
    migrate(database, [step for step in migrations() if step.version < 8])
    for name in ("leavers", "policy followed", "port"):
        database.run("INSERT INTO meta VALUES (?, ?)", (name, f"of {name}"))
    migrate(database)
    assert set(database.all("SELECT name, value FROM meta")) == {
        ("former web", "of leavers"),
        ("names and blocks synced", "of policy followed"),
        ("port", "of port"),
    }
    database.close()


def test_no_column_keeps_a_name_that_the_code_no_longer_uses() -> None:
    database = Database.open(":memory:")
    migrate(database)
    columns = {
        (table, column)
        for (table,) in database.all("SELECT name FROM sqlite_schema WHERE type = 'table'")
        for _, column, *_ in database.all(f"PRAGMA table_info({table})")
    }
    assert {("record", "min_valid_version"), ("record", "latest_expiry"), ("archive", "until")} <= columns
    assert not columns & {("record", "floor"), ("record", "outlives"), ("alert", "open"), ("reissue", "part")}
    database.close()


def test_a_store_from_before_own_names_gets_room_for_them(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    database = Database.open(path)
    migrate(database, [step for step in migrations() if step.version < 9])
    database.run("INSERT INTO person VALUES (1, ?)", (b"p" * 32,))
    database.close()
    with Store.open(path) as store:
        assert store.own_names.all() == {}
        store.own_names.set(b"p" * 32, "Bob from the garden")
    with Store.open(path) as store:
        assert store.own_names.all() == {b"p" * 32: "Bob from the garden"}
        store.own_names.remove(b"p" * 32)
        assert store.own_names.all() == {}


def test_a_store_from_before_kept_decisions_keeps_its_pending_reissues_whole(tmp_path: Path) -> None:
    path, record = tmp_path / "store.db", Person("Alice").listing()
    database = Database.open(path)
    migrate(database, [step for step in migrations() if step.version < 16])
    database.run("INSERT INTO reissue (wire, blocks_only) VALUES (?, 0)", (record.wire,))
    database.close()
    with Store.open(path) as store:
        store.devices.add_pending_reissue([record], discard=True, keep=frozenset({b"a" * 16, b"b" * 32}))
        kept = [(one.record, one.discard, one.keep) for one in store.devices.pending_reissues()]
    assert kept == [(record, False, None), (record, True, frozenset({b"a" * 16, b"b" * 32}))]


def test_a_store_from_before_phones_gets_room_for_them_and_keeps_its_browsers(tmp_path: Path) -> None:
    path, phone = tmp_path / "store.db", Phone("Kitchen", b"h" * 32, "http", "192.168.1.0/24", 1, 2)
    database = Database.open(path)
    migrate(database, [step for step in migrations() if step.version < 22])
    database.run("INSERT INTO page_session VALUES (?, 5, 6)", (b"s" * 32,))
    database.close()
    with Store.open(path) as store:
        assert store.phones.all() == []
        store.phones.add(phone)
        store.phones.note_act(PhoneAct(3, "Kitchen", "post", ""), most=1)
        store.phones.note_act(PhoneAct(4, "Kitchen", "ask", "x"), most=1)
    with Store.open(path) as store:
        assert store.phones.find(b"h" * 32) == phone
        assert store.phones.acts(9) == [PhoneAct(4, "Kitchen", "ask", "x")]
        assert store.page_sessions.find(b"s" * 32) == (b"s" * 32, 5, 6)


def test_a_store_from_before_photos_gets_room_for_them_and_keeps_its_posts(tmp_path: Path) -> None:
    path, old = tmp_path / "store.db", Person("Alice").listing("From before")
    database = Database.open(path)
    migrate(database, [step for step in migrations() if step.version < 24])
    put_listing(database, 1, old)
    database.close()
    with Store.open(path) as store:
        assert store.records.get(old.id) == old
        assert store.photos.lacking_authors() == []
        new = Person("Alice").listing("A bench", photos=PHOTOS)
        store.records.put(new, state=RecordState.LIVE, received_from=None, arrived=NOW)
        assert [one.hash for one in store.photos.lacking_of(new.header.author, 9)] == [b"s" * 32, b"p" * 32]


def test_a_store_from_before_the_list_of_lacking_photos_keeps_photos_and_lists_what_is_lacking(tmp_path: Path) -> None:
    path, alice = tmp_path / "store.db", Person("Alice")
    used, waits = (alice.listing(title, photos=PHOTOS) for title in ("In use", "Waits"))
    database = Database.open(path)
    migrate(database, [step for step in migrations() if step.version < 29])
    put_listing(database, 1, used)
    put_listing(database, 2, waits, state=RecordState.PENDING)
    for record, names in ((1, (b"p", b"s")), (2, (b"x", b"y"))):
        for thumbnail, name in enumerate(names):
            database.run("INSERT INTO photo_name VALUES (?, 0, ?, ?, 9)", (record, thumbnail, name * 32))
    for name, state, data in ((b"s", 3, b"small"), (b"g", 2, b"of no post")):
        database.run("INSERT INTO photo VALUES (?, 1, ?, 5, ?, ?, NULL)", (name * 32, state, len(data), data))
    database.close()
    with Store.open(path) as store:
        author = alice.id
        assert [(one.hash, one.record) for one in store.photos.lacking_of(author, 9)] == [(b"p" * 32, used.id)]
        assert store.photos.unchecked_of(author, 9) == [(b"g" * 32, b"of no post")]
        assert store.photos.given(b"s" * 32) == b"small"
        use = store.photos.usage()[author]
        assert (use.size, use.thumbnails) == (len(b"smallof no post"), len(b"small"))
        store.photos.delete([b"s" * 32])
        assert [one.hash for one in store.photos.lacking_of(author, 9)] == [b"s" * 32, b"p" * 32]


def test_names_from_before_first_names_count_as_chosen(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    database = Database.open(path)
    migrate(database, [step for step in migrations() if step.version < 14])
    database.run("INSERT INTO person VALUES (1, ?)", (b"p" * 32,))
    database.run("INSERT INTO own_name VALUES (1, 'Bob from the garden')")
    database.close()
    with Store.open(path) as store:
        assert store.own_names.chosen() == {b"p" * 32: "Bob from the garden"}
        store.own_names.keep_first(b"p" * 32, "Bob")
        store.own_names.keep_first(b"q" * 32, "Carol")
    with Store.open(path) as store:
        assert store.own_names.all() == {b"p" * 32: "Bob from the garden", b"q" * 32: "Carol"}
        assert store.own_names.chosen() == {b"p" * 32: "Bob from the garden"}


def test_a_store_from_before_cards_with_groups_keeps_its_cards_and_gets_room_for_groups(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    database = Database.open(path)
    migrate(database, [step for step in migrations() if step.version < 30])
    database.run("INSERT INTO issued VALUES (?, ?, 800, 2, ?)", (b"card", b"secret", NOW + 1))
    database.close()
    with Store.open(path) as store:
        store.cards.claim(b"card", b"p" * 32, NOW)
        store.cards.owe_invitations(b"card", b"p" * 32, NOW)
        assert store.cards.owed_invitations() == []
        store.cards.add_issued(b"more", b"other", weight=800, uses=1, expires=NOW + 1, groups=[b"g" * 32])
        store.cards.owe_invitations(b"more", b"p" * 32, NOW)
        store.cards.purge(NOW + 2)
        assert [(one.person, one.group) for one in store.cards.owed_invitations()] == [(b"p" * 32, b"g" * 32)]


def test_a_store_from_before_handovers_keeps_its_exchanges_and_owes_nobody_anything(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    database = Database.open(path)
    migrate(database, [step for step in migrations() if step.version < 37])
    database.run("INSERT INTO person VALUES (1, ?)", (b"p" * 32,))
    database.run(
        "INSERT INTO exchange (no, other, id, name, asked, title, category, shown, stage, began, changed)"
        " VALUES (1, 1, ?, 'Bob', 1, 'Bread', 'food', 1, 'REQUESTED', ?, ?)",
        (b"e" * 16, NOW, NOW),
    )
    database.close()
    with Store.open(path) as store:
        assert [one.title for one in store.exchanges.all_shown()] == ["Bread"]
        assert store.handovers.of_exchange(1) == []
        store.handovers.owe_all(b"d" * 32)
        assert store.handovers.owed_to() == []
        assert store.own_notes.all() == {}


def test_a_store_from_before_read_marks_were_told_keeps_them_and_tells_them(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    database = Database.open(path)
    migrate(database, [step for step in migrations() if step.version < 39])
    database.run("INSERT INTO seen VALUES (7, 8, ?)", (NOW + 1,))
    database.close()
    with Store.open(path) as store:
        assert store.discover.untold(9) == [Seen(7, 8, NOW + 1)] == list(store.discover.seen([7]).values())
        store.discover.note_told([Seen(7, 8, NOW + 1)], 1)
        assert (store.discover.untold(9), store.discover.told_in(1)) == ([], [Seen(7, 8, NOW + 1)])


def test_marks_that_no_note_tells_are_found_by_an_index_also_in_a_store_from_before_it(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    database = Database.open(path)
    migrate(database, [step for step in migrations() if step.version < 41])
    for key, told in ((7, None), (8, 3)):
        database.run("INSERT INTO seen VALUES (?, 8, ?, ?)", (key, NOW + 1, told))
    database.close()
    with Store.open(path) as store:
        assert store.discover.untold(9) == [Seen(7, 8, NOW + 1)]
    database = Database.open(path)
    [plan] = database.all("EXPLAIN QUERY PLAN SELECT key FROM seen WHERE told IS NULL ORDER BY until DESC, key LIMIT 9")
    database.close()
    assert "seen_untold" in plan[-1]


def test_a_store_from_before_sessions_were_remembered_keeps_what_parcels_have_shown(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    database = Database.open(path)
    migrate(database, [step for step in migrations() if step.version < 40])
    database.run("INSERT INTO person VALUES (1, ?)", (b"p" * 32,))
    database.run("INSERT INTO device VALUES (1, ?)", (b"d" * 32,))
    database.run("INSERT INTO parcel_held VALUES (1, 1, ?, ?)", (NOW, b"i" * 16))
    database.close()
    held = HeldItems(b"d" * 32, NOW, b"j" * 16)
    with Store.open(path) as store:
        assert store.parcels.held_by(b"p" * 32) == [HeldItems(b"d" * 32, NOW, b"i" * 16)]
        assert store.parcels.held_by_sessions(b"p" * 32) == []
        store.parcels.add_held_by_session(held, b"p" * 32, keep=1)
    with Store.open(path) as store:
        assert store.parcels.held_by_sessions(b"p" * 32) == [held]
        store.parcels.forget_person(b"p" * 32)
        assert store.parcels.held_by_sessions(b"p" * 32) == []
