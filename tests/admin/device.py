"""A passkey in software, for what a browser would not send: old answers, answers to others, answers nobody was asked for."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.admin import people

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


class Device:
    """Keeps one passkey for `localhost`; `verifies` says whether it checks who holds it, `counts` whether it counts answers."""

    def __init__(self, *, verifies: bool = True, counts: bool = False) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(32)
        self.handle = b""
        self.flags = PRESENT | (VERIFIED if verifies else 0)
        self.counts, self.count = counts, 0

    def make(self, options: dict[str, Any]) -> str:
        """The new passkey, as a browser sends it."""
        self.handle = base64.urlsafe_b64decode(options["user"]["id"] + "==")
        point = self.key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        said = {"fmt": "none", "attStmt": {}, "authData": self._data(self.flags | ATTESTED) + attested}
        response = {"attestationObject": text(cbor2.dumps(said)), "clientDataJSON": text(self._client("create", options))}
        return self._sent(response | {"transports": ["internal"]}, extensions=json.dumps({"credProps": {"rk": True}}))

    def use(self, options: dict[str, Any]) -> str:
        """An answer to a challenge, as a browser sends it."""
        self.count += self.counts
        data, client = self._data(self.flags), self._client("get", options)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {"authenticatorData": data, "clientDataJSON": client, "signature": signature, "userHandle": self.handle}
        return self._sent({name: text(value) for name, value in response.items()})

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(b"localhost").digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": f"webauthn.{kind}", "challenge": options["challenge"], "origin": "http://localhost", "crossOrigin": False}
        return json.dumps(said).encode()

    def _sent(self, response: dict[str, Any], **more: str) -> str:
        named = {"id": text(self.id), "rawId": text(self.id), "type": "public-key", "response": response}
        return json.dumps(named | more)


def asked(browser: FlaskClient, address: str, page: str, **fields: str) -> tuple[dict[str, Any], str]:
    """Ask the site for a challenge; returns the options and the state that goes back with the answer."""
    token = people.token(browser.get(page))
    answer = browser.post(address, data={"csrf_token": token, **fields}, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    said = answer.json["response"]
    return said["credential_options"], said["wan_state"]


def answered(browser: FlaskClient, address: str, page: str, credential: str) -> TestResponse:
    """Send an answer as the form that the script makes."""
    return browser.post(address, data={"csrf_token": people.token(browser.get(page)), "credential": credential})


def add(browser: FlaskClient, device: Device, name: str = "My phone", page: str = "/admin/account") -> TestResponse:
    """Make a passkey on the device."""
    options, state = asked(browser, "/admin/wan-register", page, name=name, usage="first")
    return answered(browser, f"/admin/wan-register/{state}", page, device.make(options))


def log_in(browser: FlaskClient, device: Device) -> TestResponse:
    """Log in with the passkey, alone or as the second step that waits."""
    options, state = asked(browser, "/admin/wan-signin", "/admin/wan-signin")
    return answered(browser, f"/admin/wan-signin/{state}", "/admin/wan-signin", device.use(options))
