"""A phone gets in by a link that works once, three words and the owner's word, and may then do what phones may."""

from __future__ import annotations

import pytest

from meshnode.app.page_access import LINK_SECONDS, SESSION_SECONDS
from meshnode.app.phones import phones as phone_cases
from meshnode.app.phones.access import ACTS_MAX, PHONES_MAX, PhoneAnswer
from meshnode.errors import NotFound, Refused, Usage
from protocol import limits
from tests.support.mesh import Mesh
from tests.web.plain_browser import PlainBrowser, PlainPhone

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]


async def test_a_phone_is_let_in_by_the_same_words_on_both_sides_and_posts(mesh: Mesh, browsers: Browsers) -> None:
    alice, _, carol = browsers
    await carol.send(await carol.get("/post"), "/post", "Post it", title="Drill", audience="network_wide")
    mesh.settle()
    phone = PlainPhone(alice)
    shown = await phone.use_link()
    computer = await alice.get("/phones")
    words = alice.context.phones.waiting().words
    assert words
    assert words in shown.text
    assert words in computer.text
    assert len(words.split()) == 3
    assert (await phone.get("/")).status == 401
    assert "The phone is let in." in (await alice.send(computer, "/phones", "The words are the same: let it in")).text
    assert "What waits for you" in (await phone.get("/waiting")).text
    assert "Drill" in (await phone.get("/discover")).text
    posted = await phone.send(await phone.get("/post"), "/post", "Post it", title="Ladder")
    assert "It is posted." in posted.text
    listed = (await alice.get("/phones")).text
    assert "Android phone" in listed
    assert "Android phone posted something" in listed


async def test_to_look_at_a_link_does_not_spend_it_and_the_button_does(browsers: Browsers) -> None:
    phone, other = PlainPhone(browsers[0]), PlainPhone(browsers[0], address="192.168.1.30")
    link = phone.context.phones.new_link().link
    await other.get(link)
    page = await other.get(link)
    assert [len(form.buttons) for form in page.forms] == [1]
    assert other.cookies == {}
    await phone.send(page, page.forms[0].action, "Use this phone")
    for used in (await other.get(link), await other.send(page, page.forms[0].action, "Use this phone")):
        assert used.status == 401
        assert "This link was used already" in used.text
    assert phone.context.phones.waiting().address == "192.168.1.20"


async def test_a_link_ends_after_ten_minutes_and_with_the_next_one(mesh: Mesh, browsers: Browsers) -> None:
    phone = PlainPhone(browsers[0])
    access = phone.context.phones
    old, new = access.new_link().link, access.new_link().link
    assert (await phone.get(old)).status == 401
    assert (await phone.get(new)).status == 200
    mesh.advance(LINK_SECONDS)
    assert (await phone.get(new)).status == 401
    assert access.open_link() is None


async def test_a_phone_waits_ten_minutes_at_most(mesh: Mesh, browsers: Browsers) -> None:
    phone = PlainPhone(browsers[0])
    assert "Compare these words" in (await phone.use_link()).text
    words = phone.context.phones.waiting().words or ""
    mesh.advance(LINK_SECONDS)
    assert (await phone.get("/waiting")).status == 401
    with pytest.raises(NotFound):
        phone.context.phones.answer(PhoneAnswer(words))


@pytest.mark.parametrize("order", [PhoneAnswer(refuse=True), PhoneAnswer("acorn album alley"), PhoneAnswer()])
async def test_a_phone_with_other_words_is_refused_and_cannot_ask_again(browsers: Browsers, order: PhoneAnswer) -> None:
    phone = PlainPhone(browsers[0])
    await phone.use_link()
    try:
        phone.context.phones.answer(order)
    except Refused:
        assert not order.refuse
    assert "This phone is not let in" in (await phone.get("/waiting")).text
    assert (await phone.get("/")).status == 401
    with pytest.raises(NotFound):
        phone.context.phones.answer(PhoneAnswer("acorn album alley"))


async def test_the_owner_names_phones_and_no_two_have_one_name(browsers: Browsers) -> None:
    alice = browsers[0]
    for name in (None, None, "Kitchen", "kitchen"):
        phone = PlainPhone(alice)
        await phone.use_link()
        alice.context.phones.answer(PhoneAnswer(alice.context.phones.waiting().words or "", name=name))
    found = phone_cases.phones(alice.context.replica, alice.context.phones)
    assert [one.name for one in found.phones] == ["Android phone", "Android phone 2", "Kitchen", "kitchen 2"]
    await PlainPhone(alice).use_link()
    for name in ("x" * 41, "  ", "a\u202eb", "a\nb"):
        with pytest.raises(Usage):
            alice.context.phones.answer(PhoneAnswer(alice.context.phones.waiting().words or "", name=name))


async def test_a_removed_phone_is_out_at_once(browsers: Browsers) -> None:
    alice, phone = browsers[0], PlainPhone(browsers[0])
    await phone.let_in()
    assert (await phone.get("/")).status == 200
    removed = await alice.send(await alice.get("/phones"), "/phones", "Remove")
    assert "The phone may no longer use your page." in removed.text
    assert (await phone.get("/")).status == 401


async def test_a_phone_can_sign_itself_out(browsers: Browsers) -> None:
    phone = PlainPhone(browsers[0])
    home = await phone.let_in()
    kept = dict(phone.cookies)
    assert "This phone is not let in" in (await phone.send(home, "/sign-out", "Sign this phone out")).text
    phone.cookies = kept
    assert (await phone.get("/")).status == 401


async def test_a_phone_stays_for_ninety_days_after_its_last_use(mesh: Mesh, browsers: Browsers) -> None:
    alice, phone = browsers[0], PlainPhone(browsers[0])
    await phone.let_in()
    for _ in range(3):
        mesh.advance(SESSION_SECONDS - limits.DAY)
        page = await phone.get("/")
        assert page.status == 200
        assert f"Max-Age={SESSION_SECONDS}" in page.headers["set-cookie"]
    mesh.advance(SESSION_SECONDS + limits.DAY)
    assert (await phone.get("/")).status == 401
    assert not phone_cases.phones(alice.context.replica, alice.context.phones).phones


async def test_phones_that_were_used_within_a_day_are_counted(mesh: Mesh, browsers: Browsers) -> None:
    replica, phone = browsers[0].context.replica, PlainPhone(browsers[0])
    assert phone_cases.seen_lately(replica) == 0
    await phone.let_in()
    assert phone_cases.seen_lately(replica) == 1
    mesh.advance(2 * limits.DAY)
    assert phone_cases.seen_lately(replica) == 0
    await phone.get("/")
    assert phone_cases.seen_lately(replica) == 1


async def test_only_so_many_phones_are_let_in_and_the_log_stays_short(browsers: Browsers) -> None:
    alice = browsers[0]
    for _ in range(PHONES_MAX):
        await PlainPhone(alice).let_in()
    with pytest.raises(Refused, match="no room for more"):
        alice.context.phones.new_link()
    for number in range(ACTS_MAX + 5):
        alice.context.phones.note("Phone", "post", str(number))
    acts = alice.context.replica.store.phones.acts(1_000)
    assert len(acts) == ACTS_MAX
    assert acts[0].subject == str(ACTS_MAX + 4)


async def test_what_is_kept_does_not_show_the_secret(browsers: Browsers) -> None:
    phone = PlainPhone(browsers[0])
    await phone.let_in()
    (secret,) = phone.cookies.values()
    (kept,) = phone.context.replica.store.phones.all()
    assert len(bytes.fromhex(secret)) == 32
    assert secret not in str(kept)
    assert bytes.fromhex(secret) != kept.hash


async def test_the_computer_turns_the_page_on_and_off_for_phones(browsers: Browsers) -> None:
    alice = browsers[0]
    alice.context.phone_page.runs = False
    off = await alice.send(await alice.get("/phones"), "/phones", "Add a phone")
    assert "the page is off" in off.text
    PlainPhone(alice)
    page = await alice.send(off, "/phones", "Add a phone")
    assert "data:image/svg+xml" in page.html
    assert "http://192.168.1.10:4768/in/" in page.text
    assert "http://laptop.local:4768/in/" in page.text
    page = await alice.send(page, "/phones", "Let no phone reach this page")
    assert "it is off for them" in page.text
    assert alice.context.phones.open_link() is None
