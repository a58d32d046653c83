"""The mutants that no test can or need notice, each with the reason."""

from __future__ import annotations

ARGUED: dict[str, str] = {
    "meshnode/replica/ingest.py: Ingest.receive: True -> False": (
        "there is one verdict for each record: zip would say so if a verifier were wrong"
    ),
    "meshnode/replica/ingest.py: Ingest.make_room: if self._room_maker.is_busy or self._reevaluator.is_busy: ... -> if True: ...": (
        "where nothing is left to do, an empty batch does nothing: only time is saved"
    ),
    "meshnode/replica/ingest.py: Ingest.judge_late: if self._reevaluator.is_late(self._clock.monotonic()): ... -> if True: ...": (
        "where nothing is late, an empty batch decides about nothing: only time is saved"
    ),
    "meshnode/replica/ingest.py: Ingest._finish: if batch.people or waited: ... -> if True: ...": (
        "where nobody's records have changed, the same is decided again; what waits and has ended only goes earlier"
    ),
    "meshnode/replica/ingest.py: Ingest._finish: if batch.withdrawals: ... -> if True: ...": (
        "where nothing has come that was taken back, nothing is released: only time is saved"
    ),
    "meshnode/replica/ingest.py: Ingest._refresh_trust_state: batch.unread.clear() -> pass": (
        "what is read once more is the same: only time is saved"
    ),
    "meshnode/replica/served_set.py: ServedSet.__init__: 0 -> 1": "nothing ends in the first second of 1970",
    "meshnode/replica/served_set.py: ServedSet.lacks_revived: now >= judged_by -> now > judged_by": (
        "nothing ends after a date and by the same date"
    ),
    "meshnode/replica/served_set.py: ServedSet.apply: if closed is not self.closed: ... -> if True: ...": (
        "about everybody whose standing is as before it is decided as before: only time is saved"
    ),
    "meshnode/replica/served_set.py: ServedSet.apply: if change.trust or change.people: ... -> if True: ...": (
        "about everybody whose standing is as before it is decided as before: only time is saved"
    ),
    "meshnode/replica/served_set.py: ServedSet._decide_again: authors if moved is None else moved.among(authors)"
    " -> authors if True else moved.among(authors)": (
        "about everybody whose standing is as before it is decided as before: only time is saved"
    ),
    "meshnode/replica/served_set.py: ServedSet._decide_again: if allowed: ... -> if False: ...": (
        "what the peer may have counts as held by it anyway, and is noted as such once it may not have it any longer"
    ),
    "meshnode/replica/served_set.py: ServedSet._decide_again: self._withdrawn.remove([item]) -> pass": (
        "what the peer may have counts as held by it anyway, and is noted as such once it may not have it any longer"
    ),
    "meshnode/replica/served_set.py: ServedSet.allows_any: self._store.records.rows_of(ids) if ids else []"
    " -> self._store.records.rows_of(ids) if True else []": "no rows are read for no ids: the condition saves the call alone",
    "meshnode/replica/served_set.py: ServedSet._newest_policies: policy is not None and (row.created, row.id) not in "
    "self._withdrawn and (not (policy.body and self._allowed(row))) -> (row.created, row.id) not in self._withdrawn and "
    "(not (policy.body and self._allowed(row)))": "its row was read just before, so it is there; mypy does not know it",
    "meshnode/replica/served_set.py: ServedSet.other_policies: self._store.records.rows_of([record.id for record in policies])"
    " if policies else [] -> self._store.records.rows_of([record.id for record in policies]) if True else []": (
        "no rows are read for no ids: the condition saves the call alone"
    ),
    "meshnode/replica/judging.py: RecordJudge._if_within_quota: short in OTHERS_MAKE_WAY and batch.source is not None"
    " -> short in OTHERS_MAKE_WAY": "these are short only for what somebody has brought; mypy does not know it",
    "meshnode/replica/judging.py: RecordJudge.state_for: [Superseding(revocation, header.device)] if revocation is not None "
    "else [] -> [Superseding(revocation, header.device)] if True else []": (
        "a device counts as revoked only where its revocation, or the header of it, is held"
    ),
    "meshnode/replica/served_set.py: ServedSet._allows: decision is Access.UNKNOWN and self._access.passes_on(self._peer, key, "
    "withdrawn=withdrawn) -> self._access.passes_on(self._peer, key, withdrawn=withdrawn)": (
        "where it is decided that no, the graph in which past policies count says no as well, so nothing is passed on"
    ),
    "protocol/records/record.py: Record.without_body: self.body is None or self.withdrawn -> self.withdrawn": (
        "a record without a body is made again from its parts, and equals the one that it was"
    ),
    "protocol/records/record.py: check_header: header.expires - header.created -> header.expires + header.created (2)": (
        "the number is in the detail of an error alone, for people who read a log"
    ),
    "protocol/wire/reconcile.py: Reconciler._read_list: if theirs: ... -> if True: ...": (
        "where the other side has nothing in a range, its list is empty and all items are extra: only time is saved"
    ),
    "protocol/wire/reconcile.py: Reconciler._read_split: True -> False": (
        "there is one fingerprint for each part on both sides: zip would say so if the code above were wrong"
    ),
    "protocol/wire/reconcile.py: Reconciler._write_split: True -> False": (
        "there is one fingerprint for each cut: zip would say so if the code above were wrong"
    ),
    "protocol/session/rechecks.py: Rechecks.advance_to: False -> True": (
        "the next comparison is due as early already, and the end of it forgets the change"
    ),
    "protocol/session/offers.py: OfferQueue.add: if items: ... -> if True: ...": (
        "an empty set among the offers is passed over when its turn comes"
    ),
    "protocol/session/offers.py: OfferQueue.take: self._trim() -> pass": (
        "what was taken leaves the memory earlier or later: the offers that are left are the same"
    ),
    "protocol/session/offers.py: OfferQueue._trim: self._kept.clear() -> pass": (
        "what was taken leaves the memory earlier or later: the offers that are left are the same"
    ),
    "protocol/session/offers.py: OfferQueue._trim: if self._next < _TRIM_FROM: ... -> if True: ...": (
        "what was taken leaves the memory earlier or later: the offers that are left are the same"
    ),
    "protocol/session/offers.py: OfferQueue._trim: if self._next < _TRIM_FROM: ... -> if False: ...": (
        "what was taken leaves the memory earlier or later: the offers that are left are the same"
    ),
    "protocol/session/offers.py: OfferQueue._trim: self._next < _TRIM_FROM -> self._next <= _TRIM_FROM": (
        "what was taken leaves the memory earlier or later: the offers that are left are the same"
    ),
    "protocol/session/offers.py: OfferQueue._trim: if self._next == len(self._numbers): ... -> if False: ...": (
        "what was taken leaves the memory earlier or later: the offers that are left are the same"
    ),
    "protocol/trust/policies.py: Entries.effective: if len(given) > VOUCHES_MAX: ... -> if True: ...": (
        "fewer vouches than count stay the same, only in another order"
    ),
    "protocol/trust/policies.py: Entries.effective: len(given) > VOUCHES_MAX -> len(given) >= VOUCHES_MAX": (
        "as many vouches as count stay the same, only in another order"
    ),
    "protocol/trust/policies.py: merge_entries: _vouch_rank(vouch) > _vouch_rank(held) -> _vouch_rank(vouch) >= "
    "_vouch_rank(held)": "two vouches of one rank have one stamp and one weight: they are equal",
    "protocol/trust/policies.py: may_reduce_access: bool(others) and _takes(merge([old, *others]), merge([new, *others]))"
    " -> _takes(merge([old, *others]), merge([new, *others]))": (
        "without other registers the second answer is the first one again, which was no"
    ),
    "protocol/trust/policies.py: joined: True -> False (2)": (
        "blocks are left out by kind, and never by their order, which the record makes again"
    ),
}
