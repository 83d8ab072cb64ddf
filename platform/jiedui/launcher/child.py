"""Becomes a program that dies with its parent and need not be root.

    python -IS child.py PARENT SIGNAL WHO FOLDER PROGRAM [ARGUMENT…]

A script and not a function run after fork: with threads about, almost nothing is safe between fork and exec.
WHO is `self`, `namespace` (the same user under another number: PostgreSQL refuses number 0) or `UID:GID`.
SIGNAL arrives when the parent is gone, however it went; it must be asked for last, because a change of user
takes it back.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

UNREACHABLE = 126

_SET_PARENT_DEATH_SIGNAL = 1
_SET_SECUREBITS, _NO_SETUID_FIXUP = 28, 1 << 2
_AMBIENT, _RAISE = 47, 2
_NEW_USER_NAMESPACE = 0x10000000
_CAPABILITY_VERSION = 0x20080522
_SEARCH_ANY_FOLDER = (1 << 2, 1 << 1)  # CAP_DAC_READ_SEARCH; where a container lacks it, CAP_DAC_OVERRIDE

_libc = ctypes.CDLL(None, use_errno=True)


def main(parent: str, signum: str, who: str, folder: str, program: str, *arguments: str) -> None:
    """Change user, tie this process to its parent, turn into the program."""
    os.umask(0o077)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if who == "namespace":
        _enter_namespace()
    elif who != "self":
        uid, gid = who.split(":")
        _become(int(uid), int(gid), folder, program)
    if not _reaches(folder, program):
        print(f"{folder} or {program} cannot be reached as {who}", file=sys.stderr)
        sys.exit(UNREACHABLE)
    _call("prctl", _SET_PARENT_DEATH_SIGNAL, int(signum), 0, 0, 0)
    if os.getppid() != int(parent):  # it died before the signal was asked for
        sys.exit(128 + signal.SIGKILL)
    os.execv(program, [program, *arguments])  # noqa: S606 - no shell is wanted


def _enter_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    _call("unshare", _NEW_USER_NAMESPACE)
    me = Path("/proc/self")
    (me / "setgroups").write_text("deny", encoding="ascii")
    (me / "uid_map").write_text(f"1000 {uid} 1", encoding="ascii")
    (me / "gid_map").write_text(f"1000 {gid} 1", encoding="ascii")


def _become(uid: int, gid: int, *needed: str) -> None:
    """Another user; may look through closed folders such as /root only where the way leads through one."""
    # Capabilities stay over the change and access(2) honours them; where this is refused, none are left.
    _libc.prctl(_SET_SECUREBITS, _NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    held = _permitted() & sum(_SEARCH_ANY_FOLDER)
    for mask in (0, *_SEARCH_ANY_FOLDER):
        if mask & held == mask:
            _set_capabilities(effective=mask, permitted=held)
            if _reaches(*needed):
                break
    _set_capabilities(effective=mask & held, permitted=mask & held)
    if mask & held:
        _call("prctl", _AMBIENT, _RAISE, mask.bit_length() - 1, 0, 0)


def _permitted() -> int:
    data = (ctypes.c_uint32 * 6)()
    _libc.capget(_capability_header(), data)
    return data[1]


def _set_capabilities(*, effective: int, permitted: int) -> None:
    _libc.capset(_capability_header(), (ctypes.c_uint32 * 6)(effective, permitted, effective, 0, 0, 0))


def _capability_header() -> ctypes.Array[ctypes.c_uint32]:
    return (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)


def _reaches(*paths: str) -> bool:
    try:
        return all(Path(path).stat() for path in (f"{paths[0]}/..", *paths))
    except PermissionError:
        return False


def _call(name: str, *arguments: int) -> None:
    if getattr(_libc, name)(*(ctypes.c_ulong(value) for value in arguments)) != 0:
        code = ctypes.get_errno()
        print(f"{name}: {os.strerror(code)}", file=sys.stderr)
        sys.exit(UNREACHABLE)


if __name__ == "__main__":
    main(*sys.argv[1:])
