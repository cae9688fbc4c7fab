"""Certificates that exist for one test, as C2PA wants those of signers to be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

KEYS: dict[str, Any] = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "rsa1024": lambda: rsa.generate_private_key(65537, 1024),
    "k256": lambda: ec.generate_private_key(ec.SECP256K1()),
}


@dataclass(frozen=True)
class Credentials:
    """Files to sign with, and whom to trust when what was signed is read."""

    chain: Path
    key: Path
    anchors: str


def credentials(
    folder: Path,
    kind: str = "p256",
    *,
    days: float = 30,
    purpose: bool = True,
    password: bytes | None = None,
) -> Credentials:
    """Make an authority and the certificate of a signer, and write the signer's files.

    Args:
        folder: Where to; it is made.
        kind: Key of the signer, one of `KEYS`.
        days: How long the certificate holds from now; it began two days ago.
        purpose: Whether it says what it is for, as it has to.
        password: What the key is encrypted with.
    """
    authority, own = KEYS["p256"](), KEYS[kind]()
    root = _certificate("Authority", authority, authority, days=days)
    usage = [ExtendedKeyUsageOID.EMAIL_PROTECTION] if purpose else []
    leaf = _certificate("Signer", own, authority, days=days, usage=usage)
    chain = [c.public_bytes(serialization.Encoding.PEM) for c in (leaf, root)]
    secret = own.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption(),
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "chain.pem").write_bytes(b"".join(chain))
    (folder / "key.pem").write_bytes(secret)
    return Credentials(folder / "chain.pem", folder / "key.pem", chain[1].decode())


def _certificate(
    name: str, key: Any, authority: Any, *, days: float, usage: Any = None
) -> x509.Certificate:
    """Make a certificate; without a usage, it is the authority's own."""

    def named(common: str) -> x509.Name:
        organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "For one test")
        return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, common)])

    now, is_authority = datetime.now(timezone.utc), usage is None
    rights = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    rights |= {"encipher_only": False, "decipher_only": False, "crl_sign": is_authority}
    rights |= {"key_cert_sign": is_authority, "digital_signature": not is_authority}
    public = key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named("Authority"))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**rights), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()),
            critical=False,
        )
    )
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
    return builder.sign(authority, hashes.SHA256())
