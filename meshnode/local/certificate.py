"""Makes the certificate with which the page for phones is encrypted: self-signed, for this computer's own addresses.

Nobody vouches for it. Its owner compares the fingerprint that the phone shows with the one beside the QR code.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAYS = 820  # phones refuse certificates that are valid for more than 825
NAME = "meshnode"
_BEGINS = "-----BEGIN CERTIFICATE"
TlsContext = ssl.SSLContext


def make_certificate(now: int, hosts: Sequence[str], addresses: Sequence[IPv4Address]) -> str:
    """Return a new certificate for these names and addresses with its private key, as PEM.

    It is valid from the day before `now` (UNIX seconds).
    """
    key = ec.generate_private_key(ec.SECP256R1())  # browsers know no Ed25519
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    begins = datetime.fromtimestamp(now, UTC) - timedelta(days=1)
    names = [*(x509.DNSName(host) for host in hosts), *(x509.IPAddress(address) for address in addresses)]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return (private + made.public_bytes(serialization.Encoding.PEM)).decode("ascii")


def fingerprint_of(pem: str) -> str:
    """Return the fingerprint of the certificate in `pem` as browsers show it: SHA-256 in pairs of digits."""
    return ":".join(f"{byte:02X}" for byte in _read(pem).fingerprint(hashes.SHA256()))


def is_valid(pem: str, now: int) -> bool:
    """Whether a certificate is valid for a while yet."""
    made = _read(pem)
    return made.not_valid_before_utc.timestamp() <= now < made.not_valid_after_utc.timestamp() - 86_400


def _read(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem[pem.index(_BEGINS) :].encode("ascii"))


def tls_context(pem: str) -> ssl.SSLContext:
    """Return what a server needs to use a certificate: TLS 1.3 alone. The key touches no file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["http/1.1"])
    memory = os.memfd_create("certificate", os.MFD_CLOEXEC)
    try:
        os.write(memory, pem.encode("ascii"))
        context.load_cert_chain(f"/proc/self/fd/{memory}")
    finally:
        os.close(memory)
    return context
