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
_KEEP_CAPABILITIES = 8
_AMBIENT, _RAISE = 47, 2
_NEW_USER_NAMESPACE = 0x10000000
_CAPABILITY_VERSION = 0x20080522
_SEARCH_ANY_FOLDER = (2, 1)  # CAP_DAC_READ_SEARCH; where a container lacks it, CAP_DAC_OVERRIDE

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
    _call("prctl", _KEEP_CAPABILITIES, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    for capability in () if _reaches(*needed) else _SEARCH_ANY_FOLDER:
        if _keep_only(1 << capability):
            _call("prctl", _AMBIENT, _RAISE, capability, 0, 0)
            return
    _keep_only(0)


def _keep_only(mask: int) -> bool:
    """Whether this process had the capability and now has it alone, also for the program it turns into."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    data = (ctypes.c_uint32 * 6)(
        mask, mask, mask, 0, 0, 0
    )  # effective, permitted, inheritable; low and high word
    return bool(_libc.capset(header, data) == 0)


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
