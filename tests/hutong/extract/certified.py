"""Authorities of a test's own, and the certificates that they give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID


@dataclass
class Certificate:
    """What `name` shows at the address `at`. issuer: None for an authority."""

    name: str
    issuer: Certificate | None = None
    at: str = "127.0.0.1"

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        today = datetime.now(UTC)
        above = self.issuer or self
        self._certificate = (
            x509.CertificateBuilder(above._subject, self._subject, self._key.public_key(), x509.random_serial_number())
            .not_valid_before(today - timedelta(days=1))
            .not_valid_after(today + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(self.at))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=self.issuer is None, path_length=None), critical=True)
            .sign(above._key, hashes.SHA256())
        )

    @property
    def _subject(self) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])

    @property
    def pem(self) -> str:
        return self._certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key(self) -> str:
        return self._private(NoEncryption())

    def locked(self, passphrase: str) -> str:
        """The key under a passphrase."""
        return self._private(BestAvailableEncryption(passphrase.encode()))

    def _private(self, encryption: KeySerializationEncryption) -> str:
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()

    def written(self, folder: Path, *, with_key: bool = False) -> Path:
        """A file of it, as servers want it."""
        path = folder / f"{self.name}.pem"
        path.write_text((self.key if with_key else "") + self.pem)
        return path
