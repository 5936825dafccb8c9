"""A small name server on the loopback: answers TXT questions from a table, or as badly as a test asks for."""

from __future__ import annotations

import socket
import threading
from types import TracebackType

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class DnsServer:
    """Serves the TXT records in `zone`; with `rcode` it fails, with `silent` it answers nobody."""

    def __init__(self, zone: dict[str, list[str]] | None = None, *, rcode: dns.rcode.Rcode | None = None, silent: bool = False) -> None:
        self.zone = zone or {}
        self.asked: list[str] = []
        self._rcode, self._silent = rcode, silent
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> DnsServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closing:
            closing.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            packet, sender = self._socket.recvfrom(4096)
            if not packet:
                return
            question = dns.message.from_wire(packet)
            self.asked.append(question.question[0].name.to_text(omit_final_dot=True))
            if not self._silent:
                self._socket.sendto(self._answer(question).to_wire(), sender)

    def _answer(self, question: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        name = question.question[0].name
        values = self.zone.get(name.to_text(omit_final_dot=True))
        if self._rcode is not None:
            answer.set_rcode(self._rcode)
        elif values is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif values:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *(f'"{value}"' for value in values)))
        return answer
