"""The checks of the protocol that no golden vector can show, each under the reason why.

A check is named by its file, its function and its source. The test that removes each check in turn refuses a line here
that some vector does notice.
"""

from __future__ import annotations

UNNOTICED: dict[str, tuple[str, ...]] = {
    "a mistake of our own program: bytes from a peer cannot lead here": (
        "letters/move.py: Move.__post_init__: raise InvalidField('action', 'must be one that there is')",
        "letters/move.py: _number_in: raise InvalidField(field, f\"must be one of {', '.join(filter(None, words))}\")",
        "letters/move.py: _number_in: type(word) is not str",
        "letters/move.py: _number_in: word not in words",
        "letters/sealing.py: _padded: raise InvalidField('letter', 'must not be so long: shorten it')",
        "quantity.py: check_quantity: raise InvalidField(field, 'must have at most three decimals')",
        "records/listing.py: Listing.__post_init__: _check_word('category', self.category, _CATEGORY_NUMBER)",
        "records/listing.py: Listing.__post_init__: _check_word('type', self.type, _TYPE_NUMBER)",
        "records/listing.py: Listing.__post_init__: _check_word('urgency', self.urgency, _URGENCY_NUMBER)",
        "records/listing.py: _check_word: raise InvalidField(field_name, 'must be one of {words}', words=', '.join(numbers))",
        "records/listing.py: _check_word: type(word) is not str",
        "records/listing.py: _check_word: word not in numbers",
        "records/record.py: signed: check_header(header)",
        "tokens/addresses.py: plain: raise InvalidField('address', 'must be an IPv4 or IPv6 address') from None",
        "tokens/word_code.py: WordCode.__post_init__: any((word not in CODE_WORDS for word in self.words))",
        "tokens/word_code.py: WordCode.__post_init__: check_number('number', self.number, 1, WORD_CODE_NUMBER_MAX)",
        "tokens/word_code.py: WordCode.__post_init__: len(self.words) != WORDS_SHOWN",
        "tokens/word_code.py: WordCode.__post_init__: raise InvalidField('words', 'must be two words of the list')",
        "tokens/card.py: Card.__post_init__: header.author != self.giver",
        "tokens/card.py: Card.__post_init__: header.kind != Kind.DEVICE",
        "tokens/card.py: Card.__post_init__: not self.certificate.body",
    ),
    "the bytes were cut into parts of the right lengths before": (
        "keys.py: verify: len(public_key) != KEY_BYTES",
        "keys.py: verify: len(signature) != SIGNATURE_BYTES",
        "keys.py: verify: return False",
        "tokens/card.py: Card.__post_init__: raise InvalidField('secret', f'must be {CARD_SECRET_BYTES} bytes')",
        "tokens/device_code.py: DeviceCode.__post_init__: check_bytes('handshake key', self.dh_public, KEY_BYTES)",
        "tokens/device_code.py: DeviceCode.__post_init__: check_bytes('person', self.person, KEY_BYTES)",
        "tokens/device_code.py: DeviceCode.__post_init__: check_bytes('secret', self.secret, CARD_SECRET_BYTES)",
        "wire/noise.py: Handshake.read_message: raise RemoteError(Code.MALFORMED, 'a handshake message cut short')",
        "wire/noise.py: CipherState.decrypt: raise RemoteError(Code.FORGED, 'a message without a whole authentication code')",
        "wire/noise.py: Handshake.read_message: raise RemoteError(Code.OVERSIZED, 'a Noise message of more than 65535 bytes')",
    ),
    "the decoder has refused so many items, or such a number, before": (
        "letters/contents.py: Receipt.__post_init__: RECEIPT_LETTERS_MAX",
        "letters/handover.py: HandoverLetter.__post_init__: raise InvalidField(name, f'must be at most {LETTER_ITEMS_MAX}')",
        "records/join.py: Join.__post_init__: raise InvalidField('invitations', f'must not be more than {INVITATIONS_MAX}')",
        "records/letter.py: Letter.__post_init__: LETTER_BOXES_MAX",
    ),
    "another check refuses the same with the same code": (
        "letters/contents.py: Introduction.__post_init__: LETTER_DEVICES_MAX",
        "letters/contents.py: Introduction.__post_init__: check_bytes('person', self.person, KEY_BYTES)",
        "letters/contents.py: Introduction.from_fields: len(wires) > LETTER_DEVICES_MAX",
        "records/join.py: Join.__post_init__: type(kind) is bool",
        "records/join.py: Join.parse: raise InvalidField('group', 'must be a cell or a community')",
        "records/letter.py: Letter.__post_init__: raise InvalidField('boxes', 'must be a list')",
        "session/greeting.py: certifies_key: header.kind != Kind.DEVICE",
        "wire/channel.py: Responder.receive: raise HandshakeRefused(error.code, error.detail) from error",
        "wire/frames.py: _line: raise _malformed('a text in a frame is missing')",
    ),
    "the table of states does not let it come to that": (
        "session/greeting.py: Greeting.take: self._certificate is not None",
    ),
    "it takes 4,097 items, 512 messages, 131,073 ranges or 2^48 frames": (
        "session/transfer.py: Outgoing.pulled: raise RemoteError(Code.OVERSIZED, 'a pull too far ahead')",
        "wire/noise.py: CipherState.decrypt: raise RemoteError(Code.OVERSIZED, 'more messages than one key may carry')",
        "wire/reconcile.py: Reconciler.receive: raise RemoteError(Code.OVERSIZED, 'reconciliation without end')",
        "wire/reconcile.py: Reconciler.receive: raise RemoteError(Code.OVERSIZED, 'too many ranges')",
    ),
}
