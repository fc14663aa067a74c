"""Sockets that listen where the settings say."""

import socket

from cloud.settings import SettingsWrong


def listen(names: str, host: str, port: int) -> socket.socket:
    """Return a bound socket; port 0 is a free one.

    Parameters
    ----------
    names
        The settings that name the place, for the refusal.

    Raises
    ------
    SettingsWrong
        When the place cannot be had.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as wrong:
        raise SettingsWrong([f"{names} = {host}:{port}: {wrong.strerror}. Accepted: a free port."]) from None
    return listening
