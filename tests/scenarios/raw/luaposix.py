"""What the packet programs of this folder use of luaposix, on a real kernel: see packet.*.py."""
import os
import socket as s
import struct
import sys

SOCK_STREAM, SOCK_DGRAM, SOCK_RAW = s.SOCK_STREAM, s.SOCK_DGRAM, s.SOCK_RAW
SO_RCVTIMEO = 20
AF_PACKET = s.AF_PACKET
LIBC = __import__("ctypes").CDLL(None, use_errno=True)


def out(*words):
    print("\t".join({None: "nil", True: "true", False: "false"}.get(w, str(w)) if not isinstance(w, int) or isinstance(w, bool)
                    else str(w) for w in words), flush=True)


def tried(name, fn, *args):
    """-> the call's result, or (None, message, errno)"""
    try:
        r = fn(*args)
        return 0 if r is None else r
    except OSError as e:
        text = os.strerror(e.errno)
        return None, ("%s: %s" % (name, text) if name else text), e.errno


def show(what, r):
    out(what, *(r if isinstance(r, tuple) else (r,)))
    return r


class Sock:
    """A packet socket; addresses are (ifindex, protocol, addr) as bytes of struct sockaddr_ll by libc."""

    def __init__(self, kind, protocol, wait_us=None):
        self.fd = s.socket(AF_PACKET, kind, protocol)
        if wait_us:
            self.fd.setsockopt(s.SOL_SOCKET, SO_RCVTIMEO, struct.pack("ll", 0, wait_us))

    @staticmethod
    def addr(ifindex, protocol=0, addr=b""):
        return struct.pack("=HHiHBB8s", AF_PACKET, s.htons(protocol), ifindex, 0, 0, len(addr), addr)

    def _call(self, name, *args):
        import ctypes
        ctypes.set_errno(0)
        r = getattr(LIBC, name)(self.fd.fileno(), *args)
        if r < 0:
            raise OSError(ctypes.get_errno(), "")
        return r

    def bind(self, a):
        return tried("bind", self._call, "bind", a, len(a))

    def connect(self, a):
        return tried("connect", self._call, "connect", a, len(a))

    def send(self, data):
        return tried("send", self._call, "send", data, len(data), 0)

    def sendto(self, data, a):
        return tried("sendto", self._call, "sendto", data, len(data), 0, a, len(a))

    def listen(self):
        return tried("listen", self._call, "listen", 1)

    def shutdown(self):
        return tried("shutdown", self._call, "shutdown", 2)

    def getpeername(self):
        return tried("getpeername", self.fd.getpeername)

    def setopt(self, level, name, *values):
        v = struct.pack("i", values[0]) if len(values) == 1 else struct.pack("=iHH8s", values[0], values[1], 0, b"")
        return tried("setsockopt", self.fd.setsockopt, level, name, v)

    def getopt(self, level, name):
        return tried("getsockopt", self.fd.getsockopt, level, name)

    def recvfrom(self, n):
        return tried(None, self.fd.recvfrom, n)

    def close(self):
        self.fd.close()


def eth0():
    return s.if_nametoindex("eth0")


def lo():
    return s.if_nametoindex("lo")
