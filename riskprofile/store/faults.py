"""What a driver says of a database that fails: what is wrong, where, what to do."""

from __future__ import annotations

from riskprofile.errors import AGAIN, Busy, Deadlock, StoreError, Unanswered

NO_RIGHT = "42501"  # SQLSTATE: insufficient_privilege
LOCKED = "the database is locked by another program"
DEADLOCK = "two writers waited for each other"
SILENT = "the database server does not answer"

NAME, START = "Name the server that takes them", "Start it, or correct the address"
GRANT = "Let it own the database (ALTER DATABASE ... OWNER TO ...) and the tables in it."

# What a driver says -> what is wrong, what to do. First match wins.
FAULTS = (
    ("not a database", "this file is not a database", "Name another file, or restore a backup."),
    ("malformed", "the database is damaged", "Restore the last backup; keep this file aside."),
    ("read-only transaction", "the database takes no changes", f"{NAME}, then {AGAIN}"),
    ("readonly", "the database cannot be written", "Check owner and rights of file and folder."),
    ("read-only", "the database cannot be written", "Check owner and rights of file and folder."),
    ("unable to open", "the database cannot be opened", "Check owner and rights of the folder."),
    ("disk is full", "the disk is full", f"Make room, then {AGAIN}"),
    (
        "disk i/o",
        "the disk cannot be read or written",
        "Make room where it is full to the last byte, else check it, and how large a file may "
        f"become (ulimit -f), then {AGAIN}",
    ),
    ("no space", "the disk is full", f"Make room, then {AGAIN}"),
    ("nul (0x00)", "PostgreSQL cannot hold a text with a zero byte", "Write it without one."),
    ("deadlock", DEADLOCK, f"Nothing is lost: {AGAIN}"),  # it says "blocked" too
    ("locked", LOCKED, f"Wait for it to finish, then {AGAIN}"),
    ("permission denied for", "the database does not let this user do that", GRANT),
    *(
        (sign, "the database takes no more connections", f"Wait, or raise its limit, then {AGAIN}")
        for sign in ("too many c", "connection slots")
    ),
    (
        "permitted to log in",
        "the database does not let this user sign in",
        "Let it: ALTER ROLE ... LOGIN.",
    ),
    ('role "', "the database knows no such user", "Create it, or correct the user."),
    ("does not exist", "the database does not exist", "Create it, or correct the address."),
    ("resolve host", "the name of the database server is not known", "Correct the address."),
    ("pg_hba", "the database server does not let this user in from here", "Mend its pg_hba.conf."),
    ("authentication failed", "the database refuses the sign-in", "Correct user or password."),
    ("starting up", "the database server is starting", f"Wait a little, then {AGAIN}"),
    ("shutting down", "the database server is stopping", f"Start it, then {AGAIN}"),
    ("password", "the database refuses the sign-in", "Correct the user or the password."),
    *(  # these say "connect" too
        (sign, "the connection to the database was cut", f"Wait, then {AGAIN}")
        for sign in (
            "terminat",
            "closed the connection",
            "connection is closed",
            "connection is lost",
        )
    ),
    ("connect", SILENT, f"{START}, then {AGAIN}"),
)


def fault(error: BaseException, where: str) -> StoreError:
    """The error that says it in our words."""
    said = str(error)
    for sign, what, do in FAULTS:
        if sign in said.lower():
            kinds = {LOCKED: Busy, DEADLOCK: Deadlock, SILENT: Unanswered}
            kind = kinds.get(what, StoreError)
            return kind(what, where=where, do=do)
    # The driver's own words may quote a person's data, so only its code is shown.
    code = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None)
    what = f"the database failed ({type(error).__name__} {code})"
    return StoreError(what, where=where, do=f"Look at what it logged, then {AGAIN}")
