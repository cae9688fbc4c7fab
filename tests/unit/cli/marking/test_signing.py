"""Manifests that a test's own certificate signs, and that hold until a byte is changed."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import c2pa
import numpy as np
import pytest

from lightning_synthaug.cli.exports.pictures import png
from lightning_synthaug.cli.exports.waves import wav
from lightning_synthaug.cli.marking import Mark, Signing
from lightning_synthaug.cli.marking.signing import MEDIA_TYPES
from lightning_synthaug.errors import ConfigError, MissingDependency
from tests.helpers.certificates import credentials

MARK = Mark.of({"name": "gan", "fingerprint": "9f2c", "twin": "aa"}, "00ff")
FILES = {
    "png": png(np.arange(48, dtype=np.uint8).reshape(4, 4, 3), MARK),
    "wav": wav(np.arange(400, dtype=np.int16), 16000, "flat", MARK),
}


def state(content: bytes, ending: str, anchors: str | None = None) -> tuple[str, dict[str, Any]]:
    """Whether a manifest holds, and all that is in it."""
    told = {"trust": {"trust_anchors": anchors}, "verify": {"verify_trust": True}}
    context = c2pa.Context(c2pa.Settings.from_dict(told if anchors else {}))
    with c2pa.Reader(MEDIA_TYPES[ending], io.BytesIO(content), context=context) as reader:
        return reader.get_validation_state(), json.loads(reader.json())


@pytest.mark.parametrize("ending", FILES)
@pytest.mark.parametrize("kind", ["p256", "p384", "p521", "ed25519", "rsa"])
def test_a_manifest_verifies_and_says_how_the_file_was_made(
    tmp_path: Path, kind: str, ending: str
) -> None:
    own = credentials(tmp_path, kind)
    signed = Signing(own.chain, own.key).sign(FILES[ending], ending, MARK)
    assert state(signed, ending, own.anchors)[0] == "Trusted"
    # To who does not know the authority, it is whole, and by somebody unknown.
    valid, told = state(signed, ending)
    assert valid == "Valid"
    assert [fault["code"] for fault in told["validation_status"]] == ["signingCredential.untrusted"]
    manifest = told["manifests"][told["active_manifest"]]
    assert manifest["claim_generator_info"][0]["name"] == "lightning_synthaug"
    assert manifest["title"] == "00ff"
    assert "ingredients" not in manifest
    (action,) = manifest["assertions"][0]["data"]["actions"]
    assert action == {
        "action": "c2pa.created",
        "digitalSourceType": MARK.source_type,
        "softwareAgent": {"name": "gan", "version": "9f2c"},
    }


@pytest.mark.parametrize("ending", FILES)
def test_a_changed_byte_shows(tmp_path: Path, ending: str) -> None:
    own = credentials(tmp_path)
    signed = Signing(own.chain, own.key).sign(FILES[ending], ending, MARK)
    changed = bytearray(signed)
    changed[signed.index({"png": b"IDAT", "wav": b"data"}[ending]) + 12] ^= 1
    assert state(bytes(changed), ending, own.anchors)[0] == "Invalid"


@pytest.mark.parametrize("options", [{"days": -1}, {"purpose": False}])
def test_a_certificate_that_may_not_sign_is_told(tmp_path: Path, options: dict[str, Any]) -> None:
    own = credentials(tmp_path, **options)
    signing = Signing(own.chain, own.key)
    with pytest.raises(ConfigError, match=r"in force and made for signing.*SA817"):
        signing.sign(FILES["png"], "png", MARK)


def test_an_authority_that_does_not_answer_is_told(tmp_path: Path) -> None:
    own = credentials(tmp_path)
    signing = Signing(own.chain, own.key, timestamp="http://127.0.0.1:9/none")
    with pytest.raises(ConfigError, match="SA817"):
        signing.sign(FILES["png"], "png", MARK)


def test_an_authority_is_named_by_an_address(tmp_path: Path) -> None:
    own = credentials(tmp_path)
    with pytest.raises(ConfigError, match=r"`c2pa_timestamp` must be an address.*SA815"):
        Signing(own.chain, own.key, timestamp="example.org")


def test_files_that_cannot_be_signed_with_are_named(tmp_path: Path) -> None:
    own, other = credentials(tmp_path / "own"), credentials(tmp_path / "other")
    text, large = tmp_path / "text.pem", tmp_path / "large.pem"
    text.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    large.write_bytes(bytes(2 << 20))
    for chain, key, cause in (
        (tmp_path / "none.pem", own.key, "`c2pa_certificate` .*No such file"),
        (own.chain, tmp_path / "none.pem", "`c2pa_key` .*No such file"),
        (own.chain, tmp_path, "`c2pa_key` .*director"),
        (own.chain, text, "`c2pa_key` .*no PEM of a private key"),
        (own.chain, large, "`c2pa_key` .*more than 1,048,576 bytes"),
        (own.key, own.key, "`c2pa_certificate` .*no PEM of certificates"),
        (other.chain, own.key, "`c2pa_certificate` .*not the certificate of"),
    ):
        with pytest.raises(ConfigError, match=rf"{cause}.*SA816"):
            Signing(chain, key)


@pytest.mark.parametrize(
    ("kind", "password", "cause"),
    [
        ("p256", b"secret", "a key with a password"),
        ("rsa1024", None, r"a key of another kind \(RSAPrivateKey\)"),
        ("k256", None, "a key of another kind"),
    ],
)
# Keys that are too short are deprecated, and this one is to be refused.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_keys_of_other_kinds_are_refused(
    tmp_path: Path, kind: str, password: bytes | None, cause: str
) -> None:
    own = credentials(tmp_path, kind, password=password)
    with pytest.raises(ConfigError, match=rf"`c2pa_key` .*{cause}.*SA816"):
        Signing(own.chain, own.key)


def test_no_error_quotes_a_key(tmp_path: Path) -> None:
    own = credentials(tmp_path)
    secret = own.key.read_text().splitlines()
    own.key.write_text("\n".join([secret[0], secret[1][:-4] + "!!!!", *secret[2:]]))
    with pytest.raises(ConfigError, match="SA816") as caught:
        Signing(own.chain, own.key)
    assert secret[1][:8] not in str(caught.value)
    assert caught.value.__cause__ is None


def test_it_needs_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(MissingDependency, match=r"needs c2pa-python.*\[c2pa\].*SA808"):
        Signing(tmp_path / "chain.pem", tmp_path / "key.pem")
