"""Lists the calls that drive every route of the local API once or more; a route that is missing here fails a test.

The calls are made in this order: what one leaves behind, another uses. Names are typed as people type them, since
finding a person or a listing by name is a part of most calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EVERYTHING = {"trust": 0.1, "anywhere": "true"}


@dataclass(frozen=True)
class Call:
    """One request to a route; `who` fills the end of its path.

    In `who` and in texts of `body`, `{name}` stands for a value that the bench knows or that an earlier call left. `keep`
    names the field of the reply that is left under its own name. A call that `may_fail` uses what this node does not
    have, and is answered with an error after the same search for it.
    """

    method: str
    route: str
    who: str = ""
    body: Mapping[str, Any] | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    keep: str = ""
    may_fail: bool = False
    label: str = ""

    @property
    def name(self) -> str:
        """How the report names the call."""
        return f"{self.method} {self.route.replace('{who:path}', '…')}{' ' if self.label else ''}{self.label}"


WHO = "{who:path}"

TOUR = (
    Call("GET", "/v1/status"),
    Call("GET", "/v1/peers"),
    Call("GET", "/v1/clock"),
    Call("PUT", "/v1/clock", body={}),
    Call("GET", "/v1/devices"),
    Call("GET", "/v1/sharing"),
    Call("GET", "/v1/discover"),
    Call("GET", "/v1/discover", query=EVERYTHING, label="everything"),
    Call("GET", "/v1/discover", query={"words": "ladd", **EVERYTHING}, label="a word begun"),
    Call("GET", "/v1/discover", query={"words": "green", "sort": "new", "page": 90}, label="a late page"),
    Call("GET", "/v1/people"),
    Call("GET", "/v1/people", query={"all": "true"}, label="everybody"),
    Call("GET", "/v1/completions", query={"begin": "gre"}),
    Call("PUT", "/v1/names/" + WHO, "{friend}", {"name": "Somebody from the garden"}),
    Call("DELETE", "/v1/names/" + WHO, "Somebody from the garden"),
    Call("GET", "/v1/profile"),
    Call("PATCH", "/v1/profile", body={"about": "At the green door."}),
    Call("GET", "/v1/people/" + WHO, "{friend}"),
    Call("GET", "/v1/people/" + WHO, "{stranger}", label="far away"),
    Call("GET", "/v1/why/" + WHO, "{stranger}"),
    Call("GET", "/v1/why/" + WHO, "{title}", label="a listing"),
    Call("POST", "/v1/watches", body={"words": "wheelbarrow", "trust": 0.1, "anywhere": True}, keep="id"),
    Call("POST", "/v1/watches", body={"category": "food", "within": 5}, label="a category"),
    Call("GET", "/v1/watches"),
    Call("DELETE", "/v1/watches/" + WHO, "{id}"),
    Call("GET", "/v1/news"),
    Call("POST", "/v1/news", body={"limit": 100}),
    Call("PUT", "/v1/hidden/" + WHO, "{title}"),
    Call("GET", "/v1/hidden"),
    Call("DELETE", "/v1/hidden/" + WHO, "{title}"),
    Call("POST", "/v1/news", body={"clear": True}, label="clear"),
    Call("GET", "/v1/events"),
    Call("GET", "/v1/listings"),
    Call("POST", "/v1/photos", may_fail=True),
    Call("GET", "/v1/photos/" + WHO, "0" * 64, may_fail=True),
    Call("GET", "/v1/listings/" + WHO, "{title}"),
    Call("POST", "/v1/previews", body={"type": "offer", "title": "Pumpkin seeds"}),
    Call("POST", "/v1/previews", body={"type": "offer", "title": "Seeds", "audience": "anyone_local"}, label="local"),
    Call("POST", "/v1/listings", body={"type": "offer", "title": "Pumpkin seeds"}),
    Call("PATCH", "/v1/listings/" + WHO, "pumpkin seeds", {"text": "Ten of them."}),
    Call("POST", "/v1/previews/" + WHO, "pumpkin seeds", {"audience": "network_wide"}),
    Call("GET", "/v1/audience/" + WHO, "pumpkin seeds"),
    Call("POST", "/v1/renewals/" + WHO, "pumpkin seeds", {}),
    Call("POST", "/v1/closings/" + WHO, "pumpkin seeds"),
    Call("DELETE", "/v1/listings/" + WHO, "{own}"),
    Call("POST", "/v1/requests/" + WHO, "{title}", {"message": "May I?"}, keep="exchange"),
    Call("GET", "/v1/exchanges"),
    Call("GET", "/v1/exchanges/" + WHO, "{exchange}"),
    Call("POST", "/v1/moves/" + WHO, "{exchange}", {"act": "say", "message": "Any day."}),
    Call("GET", "/v1/inbox"),
    Call("GET", "/v1/stats"),
    Call("POST", "/v1/groups", body={"kind": "cell", "name": "Garden"}),
    Call("POST", "/v1/invitations/" + WHO, "Garden", {"person": "{friend}"}),
    Call("GET", "/v1/groups"),
    Call("PUT", "/v1/memberships/" + WHO, "Orchard", may_fail=True),
    Call("DELETE", "/v1/memberships/" + WHO, "Garden"),
    Call("POST", "/v1/cards", body={}),
    Call("POST", "/v1/contacts", body={"card": "{stranger}"}, may_fail=True),
    Call("POST", "/v1/meeting", body={}),
    Call("GET", "/v1/meeting"),
    Call("POST", "/v1/meetings", body={"words": "7-falcon-teapot"}, may_fail=True),
    Call("POST", "/v1/introductions", body={"one": "{friend}", "other": "{other friend}"}),
    Call("GET", "/v1/introductions"),
    Call("POST", "/v1/what-if/vouch/" + WHO, "{stranger}", {"trust": 0.9}),
    Call("POST", "/v1/what-if/unvouch/" + WHO, "{friend}"),
    Call("POST", "/v1/what-if/block/" + WHO, "{friend}"),
    Call("POST", "/v1/what-if/sharing", body={"audience": "anyone_local", "radius_km": 5}),
    Call("PUT", "/v1/vouches/" + WHO, "{stranger}", {"trust": 0.9}),
    Call("DELETE", "/v1/vouches/" + WHO, "{stranger}"),
    Call("PUT", "/v1/blocks/" + WHO, "{other friend}"),
    Call("GET", "/v1/blocks"),
    Call("POST", "/v1/what-if/unblock/" + WHO, "{other friend}"),
    Call("DELETE", "/v1/blocks/" + WHO, "{other friend}"),
    Call("PATCH", "/v1/sharing", body={"radius_km": 9}),
    Call("PUT", "/v1/pause", body={"away": True}),
    Call("PUT", "/v1/pause", body={"away": False}),
    Call("GET", "/v1/doctor"),
    Call("POST", "/v1/doctor"),
    Call("GET", "/v1/doctor/" + WHO, "{friend}"),
    Call("GET", "/v1/export"),
    Call("POST", "/v1/backup-keys", body={}, may_fail=True),
    Call("GET", "/v1/backups"),
    Call("POST", "/v1/backups", body={}, may_fail=True),
    Call("POST", "/v1/parcels", body={"people": ["{friend}"]}),
    Call("GET", "/v1/parcels/" + WHO, "0" * 16, may_fail=True),
    Call("PUT", "/v1/parcels/" + WHO, "0" * 16, may_fail=True),
    Call("POST", "/v1/parcels/taken", may_fail=True),
    Call("POST", "/v1/device-codes", body={}),
    Call("GET", "/v1/confirmation"),
    Call("GET", "/v1/recovery"),
    Call("POST", "/v1/recovery/confirmed"),
    Call("POST", "/v1/recovery/kept", body={"device": "{device}"}, may_fail=True),
    Call(
        "PUT", "/v1/recovery/friends", body={"friends": ["{friend}", "{other friend}"], "anyway": True}, may_fail=True
    ),
    Call("DELETE", "/v1/recovery/friends", may_fail=True),
    Call("POST", "/v1/recovery/help", body={"person": "{friend}"}, may_fail=True),
    Call("POST", "/v1/confirmation", body={"refuse": True}, may_fail=True),
    Call("GET", "/v1/decisions/" + WHO, "{device}"),
    Call("POST", "/v1/revocations/" + WHO, "{device}", {}),
    Call("POST", "/v1/addresses", body={"address": "192.0.2.7:4747"}),
    Call("GET", "/v1/addresses"),
    Call("DELETE", "/v1/addresses/" + WHO, "192.0.2.7:4747"),
    Call("POST", "/v1/page"),
    Call("PUT", "/v1/phone-page", body={"on": False}),
    Call("POST", "/v1/phone-links", may_fail=True),
    Call("GET", "/v1/phone-request"),
    Call("POST", "/v1/phone-request", body={"refuse": True}, may_fail=True),
    Call("GET", "/v1/phones"),
    Call("DELETE", "/v1/phones/" + WHO, "Phone", may_fail=True),
    Call("POST", "/v1/subscriptions", body={"change": "feed"}),
    Call("GET", "/v1/leaving"),
    Call("POST", "/v1/leaving", body={"name": "somebody else"}, may_fail=True),
    Call("POST", "/v1/sync"),
)
