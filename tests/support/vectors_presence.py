"""Makes the vectors of announcements on the LAN: names, TXT records, and the keys that recognize them."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from protocol.wire.presence import announce, service_names
from tests.support.vectors_noise import labeled
from tests.support.vectors_refused_texts import refused_announcements, unrecognized_announcements

PLACES = {
    "one address": ["192.168.1.20"],
    "loopback": ["127.0.0.1"],
    "two networks and IPv6": ["10.0.0.7", "fe80::2", "192.168.1.20", "2001:db8::1"],
    "an IPv4-mapped address and a double": ["::ffff:192.168.1.20", "192.168.1.20"],
}


def presence_vectors() -> dict[str, Any]:
    names_random = labeled("random names", 16)
    names = service_names(names_random)
    announcements = []
    for cards, (case, addresses) in enumerate(PLACES.items()):
        presence_key = labeled(f"{case}: presence key")
        secrets = [labeled(f"{case}: card {index}") for index in range(cards)]
        nonce, padding_seed = labeled(f"{case}: nonce", 16), labeled(f"{case}: padding")
        announcement = announce(
            presence_key=presence_key,
            card_secrets=secrets,
            addresses=[ip_address(address).packed for address in addresses],
            port=4000 + cards,
            nonce=nonce,
            padding_seed=padding_seed,
        )
        announcements.append(
            {
                "case": case,
                "presence_key": presence_key.hex(),
                "card_secrets": [secret.hex() for secret in secrets],
                "addresses": addresses,
                "port": 4000 + cards,
                "nonce": nonce.hex(),
                "padding_seed": padding_seed.hex(),
                "txt": {key.decode(): value.hex() for key, value in announcement.txt().items()},
                "read": {
                    "addresses": [str(ip_address(address)) for address in announcement.addresses],
                    "tags": sorted(tag.hex() for tag in announcement.tags),
                },
                "to_dial": list(dict.fromkeys(_plain(address) for address in addresses)),
            }
        )
    return {
        "names": {"random": names_random.hex(), "instance": names.instance, "host": names.host},
        "announcements": announcements,
        "unrecognized": unrecognized_announcements(),
        "refused": refused_announcements(),
    }


def _plain(address: str) -> str:
    """Return an address as it is dialed: an IPv4-mapped IPv6 address counts as IPv4."""
    return address.removeprefix("::ffff:")
