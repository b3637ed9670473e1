"""Logins: a reader, who sees the schema `telemetry` and nothing else, and a writer, who owns it.

Passwords never leave this process: PostgreSQL is given the SCRAM verifier that is made of one, so that neither its log
nor a list of processes can show it.
"""

from django.db import connections
from psycopg2 import sql
from psycopg2.extensions import encrypt_password

from telemetry.config import Roles, read_secret
from telemetry.errors import UsageError

# What the reader must not see, though it lies in the schema.
SECRET_TABLES = ("agent_token",)


def make_roles(roles: Roles, *, using: str = "default") -> list[str]:
    """Make the logins, or set their passwords and rights anew; the names of those that were not there.

    Call it before the tables are made, and `grant` after. The connection's login must be allowed to make roles.

    Raises UsageError where passwords are missing or the same, or the login may not make roles.
    """
    wanted = _wanted(roles)
    new = []
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper OR rolcreaterole, rolname::text, current_database()"
            " FROM pg_roles WHERE rolname = current_user"
        )
        may, login, database = cursor.fetchone()
        if not may:
            raise UsageError(
                f"The login {login} may not make roles: run `setup --roles` as a superuser (database.user=…)."
            )
        for name, password in wanted.items():
            cursor.execute("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [name])
            verb = "ALTER" if cursor.fetchone()[0] else "CREATE"
            verifier = encrypt_password(password, name, scope=cursor.connection, algorithm="scram-sha-256")
            cursor.execute(
                sql.SQL(
                    f"{verb} ROLE {{}} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD {{}}"
                ).format(sql.Identifier(name), sql.Literal(verifier))
            )
            cursor.execute(_composed("GRANT CONNECT ON DATABASE {} TO {}", database, name))
            new += [name] if verb == "CREATE" else []
        # PostgreSQL 14 lets everyone make tables in `public`; later ones do not.
        cursor.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        if roles.writer:
            cursor.execute(_composed("GRANT CREATE ON DATABASE {} TO {}", database, roles.writer))
            cursor.execute(_composed("GRANT CREATE, USAGE ON SCHEMA public TO {}", roles.writer))
    return new


def _wanted(roles: Roles) -> dict[str, str]:
    """Password by name."""
    files = {roles.reader: roles.reader_password_file}
    if roles.writer:
        files[roles.writer] = roles.writer_password_file
    for name, file in files.items():
        if not file:
            raise UsageError(f"The password of {name} is missing: name its file in [roles], as reader_password_file.")
    passwords = {name: read_secret(file) for name, file in files.items()}
    if len(passwords) < (2 if roles.writer else 1) or len(set(passwords.values())) < len(passwords):
        raise UsageError("Reader and writer need different names and different passwords.")
    return passwords


def grant(roles: Roles, *, using: str = "default") -> None:
    """Let the reader read the tables and views that there are, and those that their owner makes later."""
    reader = roles.reader
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT rolname FROM pg_roles JOIN pg_namespace ON nspowner = pg_roles.oid WHERE nspname = 'telemetry'"
        )
        [owner] = cursor.fetchone()
        cursor.execute(_composed("GRANT USAGE ON SCHEMA telemetry TO {}", reader))
        cursor.execute(_composed("GRANT SELECT ON ALL TABLES IN SCHEMA telemetry TO {}", reader))
        later = "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA telemetry GRANT SELECT ON TABLES TO {}"
        cursor.execute(_composed(later, owner, reader))
        for table in SECRET_TABLES:
            cursor.execute(_composed("REVOKE ALL ON telemetry.{} FROM {}", table, reader))


def settle(roles: Roles, *, using: str = "default") -> None:
    """What the reader's sessions begin with. No right follows from it: it spares him `telemetry.` and mishaps."""
    with connections[using].cursor() as cursor:
        for setting in ("search_path = telemetry", "default_transaction_read_only = on", "statement_timeout = '60s'"):
            cursor.execute(_composed(f"ALTER ROLE {{}} IN DATABASE {{}} SET {setting}", roles.reader, _database(using)))


def drop_roles(roles: Roles, *, using: str = "default") -> list[str]:
    """Take the logins away that are there; their names. The database refuses one that owns something elsewhere."""
    gone = []
    with connections[using].cursor() as cursor:
        for name in filter(None, (roles.reader, roles.writer)):
            cursor.execute("SELECT FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [name])
            if cursor.fetchone():
                cursor.execute(_composed("DROP OWNED BY {}", name))
                cursor.execute(_composed("DROP ROLE {}", name))
                gone.append(name)
    return gone


def _database(using: str) -> str:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT current_database()")
        return str(cursor.fetchone()[0])


def _composed(text: str, *names: str) -> sql.Composed:
    return sql.SQL(text).format(*map(sql.Identifier, names))
