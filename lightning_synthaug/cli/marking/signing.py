"""C2PA manifests: the mark, signed with a certificate of the user's."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final, final

from lightning_synthaug.cli.marking.mark import NAME, Mark, version
from lightning_synthaug.errors import ConfigError, MissingDependency, install_hint

__all__ = ["MEDIA_TYPES", "Signing"]

MEDIA_TYPES: Final = {"png": "image/png", "wav": "audio/wav"}
"""Media type of the files that a manifest is put into, by ending."""

_LARGEST: Final = 1 << 20  # bytes of a chain or a key; anything longer is another file


@final
class Signing:
    """Put a signed manifest into files, all with the same certificate.

    Certificate and key are read once, and stay in the memory of this process. A manifest says when a
    file was changed after it was signed, and who signed it; whether that is somebody to be trusted,
    who reads it decides.

    Args:
        certificate: PEM file with the chain of certificates, the signer's own first.
        key: PEM file with the private key of the first, without a password.
        timestamp: Address of a time-stamping authority; with its stamp a manifest holds beyond the
            end of the certificate. None: no stamp, and no network.

    Raises:
        ConfigError: `timestamp` is no address (SA815); or one of the files cannot be read, is
            something else, or they are not a pair (SA816).
        MissingDependency: c2pa-python is not installed (SA808).
    """

    def __init__(self, certificate: Path, key: Path, *, timestamp: str | None = None) -> None:
        self._c2pa = c2pa = _library()
        if timestamp is not None and not timestamp.startswith(("https://", "http://")):
            raise ConfigError(
                "SA815",
                f"`c2pa_timestamp` must be an address that begins with https:// or http://, got {timestamp!r}. Name a "
                "time-stamping authority, or leave it out.",
            )
        chain = _read(certificate, "c2pa_certificate")
        secret = _read(key, "c2pa_key")
        algorithm = _algorithm(certificate, chain, key, secret)
        stamp = None if timestamp is None else timestamp.encode()
        self._signer = c2pa.Signer.from_info(
            c2pa.C2paSignerInfo(
                alg=getattr(c2pa.C2paSigningAlg, algorithm),
                sign_cert=chain,
                private_key=secret,
                ta_url=stamp,
            )
        )
        # A small picture of the picture would only make each file larger.
        self._context = c2pa.Context(
            c2pa.Settings.from_dict({"builder": {"thumbnail": {"enabled": False}}})
        )
        self._certificate = certificate

    def sign(self, content: bytes, ending: str, mark: Mark) -> bytes:
        """Put a manifest into a file.

        Args:
            content: The file.
            ending: What its name ends with, one of `MEDIA_TYPES`.
            mark: What the manifest says.

        Returns:
            The file with the manifest. Its pixels or waves are the same.

        Raises:
            ConfigError: The library refuses to sign: the certificate has run out or is not one for
                signing content, or the time-stamping authority cannot be reached (SA817).
        """
        signed = io.BytesIO()
        try:
            with self._c2pa.Builder(_manifest(mark), self._context) as builder:
                builder.sign(self._signer, MEDIA_TYPES[ending], io.BytesIO(content), signed)
        except self._c2pa.C2paError as error:
            raise ConfigError(
                "SA817",
                "A C2PA manifest needs a certificate that is in force and made for signing content, and a "
                f"time-stamping authority (if one is named) that answers, got {str(error)!r} with "
                f"{str(self._certificate)!r}. Choose another certificate, or export without one.",
            ) from error
        return signed.getvalue()


def _library() -> Any:
    """Import c2pa-python on first use."""
    try:
        import c2pa
    except ImportError as error:
        raise MissingDependency(
            "SA808",
            f"Signing an export needs c2pa-python, got no module 'c2pa'. {install_hint('c2pa')}",
        ) from error
    return c2pa


def _manifest(mark: Mark) -> dict[str, Any]:
    """Say that the file was created here, and how."""
    tool = {"name": NAME, **({"version": version()} if version() else {})}
    agent = {"name": mark.generator}
    if mark.fingerprint is not None:
        agent["version"] = mark.fingerprint
    action = {
        "action": "c2pa.created",
        "digitalSourceType": mark.source_type,
        "softwareAgent": agent,
    }
    return {
        "claim_generator_info": [tool],
        "title": mark.key,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }


def _read(path: Path, argument: str) -> bytes:
    """Read a small file."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise _unusable(argument, path, error.strerror or type(error).__name__) from error
    if len(content) > _LARGEST:
        raise _unusable(argument, path, f"more than {_LARGEST:,} bytes")
    return content


def _algorithm(certificate: Path, chain: bytes, key: Path, secret: bytes) -> str:
    """Name the algorithm of a key, after a look at whether the certificate is of this key."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    # What the library says of a key that it cannot read is not passed on: it might quote it.
    try:
        private = serialization.load_pem_private_key(secret, None)
    except (ValueError, UnsupportedAlgorithm):
        raise _unusable("c2pa_key", key, "no PEM of a private key") from None
    except TypeError:
        raise _unusable("c2pa_key", key, "a key with a password") from None
    try:
        own = x509.load_pem_x509_certificates(chain)[0].public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise _unusable("c2pa_certificate", certificate, "no PEM of certificates") from None
    name = _name(private)
    if name is None:
        raise _unusable("c2pa_key", key, f"a key of another kind ({type(private).__name__})")
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if own.public_bytes(*form) != private.public_key().public_bytes(*form):
        raise _unusable("c2pa_certificate", certificate, f"not the certificate of {str(key)!r}")
    return name


def _name(private: object) -> str | None:
    """Name the algorithm that C2PA takes for a private key, None for a kind that it has no use for."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ED25519"
    if isinstance(private, rsa.RSAPrivateKey):
        return "PS256" if private.key_size >= 2048 else None
    if isinstance(private, ec.EllipticCurvePrivateKey):
        curves = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
        return curves.get(private.curve.name)
    return None


def _unusable(argument: str, path: Path, cause: str) -> ConfigError:
    """Build the error about a file that cannot be signed with."""
    return ConfigError(
        "SA816",
        f"`{argument}` must be a PEM file for signing: certificates, the signer's own first, or the private key of "
        "that one (EC P-256, P-384, P-521, Ed25519 or RSA of 2048 bits and more, without a password), got "
        f"{str(path)!r}: {cause}. Name another file.",
    )
