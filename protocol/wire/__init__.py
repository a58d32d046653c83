"""What two nodes send: the handshake, the encrypted channel, frames, announcements and set reconciliation."""
