"""Which network addresses may be fetched from, decided when a connection is made.

Names are resolved, every address they resolve to is checked, and the connection goes to the
very address that was checked: a name that resolves to something else a moment later changes
nothing. Redirects connect anew, and so are checked anew.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from vidkind.errors import AddressError, DownloadError

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# An IPv4 address is inside these; where it leads is decided by a gateway.
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
_TUNNELLED = (
    ipaddress.ip_network("2002::/16"),
    ipaddress.ip_network("2001::/32"),
    ipaddress.ip_network("64:ff9b:1::/48"),
    ipaddress.ip_network("::/96"),
)


def is_public(address: _Address) -> bool:
    """Whether an address is one of the public Internet, by IANA's special-purpose registries.

    Loopback, private, link-local (where clouds keep their metadata), multicast, reserved and
    documentation addresses are not, nor are IPv6 addresses that stand for such an IPv4 one.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _TRANSLATED:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address.is_site_local or any(address in network for network in _TUNNELLED):
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def check_address(text: str, allowed: Iterable[str] = ()) -> None:
    """Checks one numeric address.

    Args:
        text: The address.
        allowed: Networks that are allowed although they are not public.

    Raises:
        AddressError: It is neither public nor allowed.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    networks = [ipaddress.ip_network(network) for network in allowed]
    if is_public(address) or any(address in network for network in networks):
        return
    raise AddressError(
        "the address is not in a public network; expected a video on the public Internet: "
        "download it and upload the file"
    )


def resolve(host: str, port: int, allowed: Iterable[str] = ()) -> str:
    """The numeric address to connect to.

    Raises:
        AddressError: The name resolves to an address that may not be fetched from, even if to
            others too.
        DownloadError: It does not resolve.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DownloadError(f"host {host!r} is not known; expected one that exists") from error
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        check_address(address, allowed)
    return addresses[0]


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to checked addresses only, and gives everything up at a deadline."""

    def __init__(self, *, deadline: float, allowed: Iterable[str] = ()) -> None:
        """Makes connections until ``deadline``, in seconds of ``time.monotonic``."""
        self._deadline, self._allowed = deadline, tuple(allowed)
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolves, checks, connects.

        Raises:
            AddressError: The host may not be fetched from.
            DownloadError: The host does not resolve.
        """
        address = resolve(host, port, self._allowed)
        left = _time_left(self._deadline, timeout)
        stream = self._backend.connect_tcp(address, port, left, local_address, socket_options)
        return _DeadlineStream(stream, self._deadline)


class _DeadlineStream(httpcore.NetworkStream):
    """A server that sends a byte now and then is not listened to for ever."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _time_left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _time_left(self._deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _time_left(self._deadline, timeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, left)
        return _DeadlineStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _time_left(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time allowed is over")
    return left if timeout is None else min(left, timeout)
