"""Runs one PostgreSQL program for exactly as long as the process that asked for it lives.

Started as a script: ``python -I -S guard.py ACCOUNT ROOM_COUNT ROOM... PROGRAM ARGUMENT...``.  It imports
nothing of pgspec, so that it is up in the time a bare interpreter takes.

Standard input is the lifeline: when its other end closes, however the owner died, the program is killed and the
rooms are deleted.  Standard output says whether the program was started: nothing and end of file when it was, else
why not.  Standard error is the log, and becomes the program's output.

ACCOUNT is ``self``; ``namespace``, which gives root an ordinary user's number inside a user namespace and leaves
every file where it is; or ``UID:GID``.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path

NO_ACCOUNT = "account: "
"""Begins the reason when the account, not the program, was refused."""

_NOBODY = 65534
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1


def _enter_namespace() -> None:
    import ctypes

    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare is refused")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_NOBODY} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{_NOBODY} {gid} 1")


def _become(account: str) -> None:
    if account == "namespace":
        _enter_namespace()
    elif account != "self":
        uid, gid = map(int, account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def _die_with(guard: int) -> None:
    """Have the kernel kill this process when the guard itself is killed; Linux only."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)
    if os.getppid() != guard:
        os._exit(1)


def _run(account: str, program: list[str], guard: int) -> None:
    """Turn this forked process into the program; returns never."""
    stage = NO_ACCOUNT
    try:
        _become(account)
        stage = ""
        _die_with(guard)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        report = os.dup(1)  # closes itself when the program starts, and that is the message
        os.dup2(2, 1)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        try:
            os.execv(program[0], program)
        except OSError as error:
            os.write(report, f"{program[0]}: {error.strerror}".encode())
    except Exception as error:
        os.write(1, f"{stage}{error}".encode())
    finally:
        os._exit(1)


def main(arguments: list[str]) -> int:
    """Guard the program; its exit status, or 128 and its signal."""
    account, count = arguments[0], int(arguments[1])
    rooms, program = arguments[2 : 2 + count], arguments[2 + count :]
    owner, guard = os.getppid(), os.getpid()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    child = os.fork()
    if child == 0:
        _run(account, program, guard)
    os.close(1)
    while True:
        # The lifeline is enough unless the owner forked and the copy still holds it: hence the second look.
        readable, _, _ = select.select([0, woken], [], [], 1.0)
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if woken in readable:
            os.read(woken, 64)
        if 0 in readable or os.getppid() != owner:
            break
    os.kill(child, signal.SIGQUIT)
    os.waitpid(child, 0)
    import shutil

    for room in rooms:
        shutil.rmtree(room, ignore_errors=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
