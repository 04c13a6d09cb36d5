"""Connections to public addresses only, unless a private one is expressly allowed."""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from engines.core.errors import BackendUnavailable, NotAllowed

NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last four bytes
IpAddress = IPv4Address | IPv6Address


def is_public(text: str) -> bool:
    """True for an address of the open internet, also behind the forms that wrap an IPv4 one."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(each.is_global and not each.is_multicast for each in _meant(address))


def connected(host: str, port: int, allow_private: bool, seconds: float) -> socket.socket:
    """A connection to the host, made to the very address that was looked up and judged.

    Raises NotAllowed when any of its addresses is private, BackendUnavailable when none answers.
    """
    addresses = _looked_up(host, port)
    if not allow_private and (private := [each for each in addresses if not is_public(each)]):
        raise NotAllowed(
            f"{host} leads to {private[0]}, which is not on the open internet.",
            hint="An administrator can set allow_private for this webhook.",
        )
    failure: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, port), seconds)
        except OSError as error:
            failure = error
    raise BackendUnavailable(f"{host} does not answer: {in_words(failure)}.") from failure


def in_words(error: Exception | None) -> str:
    """What went wrong, in one line and without the number the system gives it."""
    said = getattr(error, "strerror", None) or str(error)
    return " ".join(said.split())[:200] or type(error).__name__


def _looked_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise BackendUnavailable(f"{host} cannot be looked up: {in_words(error)}.") from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _meant(address: IpAddress) -> list[IpAddress]:
    """The address and the IPv4 addresses it may stand for."""
    if isinstance(address, IPv4Address):
        return [address]
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        inner.append(IPv4Address(int(address) & 0xFFFFFFFF))
    wrapped = [each for each in inner if each is not None]
    # ::ffff:1.2.3.4 and the NAT64 prefix are as public as what they wrap.
    outer = [] if address.ipv4_mapped or address in NAT64 else [address]
    return [*outer, *wrapped]
