"""A private MariaDB and a private PostgreSQL: on a free port, in a temporary folder, made to be fast.

    server = MariaDB(); server.start(); schema = server.new_schema(); schema.run("CREATE TABLE …")
    schema.url()            # as `reader`, who may only SELECT;  schema.url("owner") may do everything in it
    server.kill(); server.start(); server.freeze(); server.thaw(); server.remove()

In tests take the fixtures `mariadb`, `postgresql`, `mariadb_schema` and `postgresql_schema` of conftest.py:
after each test the server runs again, whatever the test did to it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.servers.private_process import (
    PrivateProcess,
    free_port,
    give_to_server,
    make_home,
    run_as_server,
    stopped,
    wait_until,
)

PASSWORDS = {"reader": "reader's secret", "owner": "owner's secret"}
"""The two roles that every server has: `reader` may SELECT in new schemas, `owner` do everything there."""

_UNPACKED = Path(__file__).parents[2] / ".tools" / "databases" / "bin"
_UNPACKED_MYSQL = Path(__file__).parents[2] / ".tools" / "mysql" / "bin"
_numbers = itertools.count(1)


class Missing(Exception):  # noqa: N818 - it says what is the case
    """A server is not on this machine; the message names the way to it."""


def program(name: str, *folders: str) -> Path:
    """A server's program: on PATH, where Debian hides it, or unpacked into .tools."""
    places = [*os.get_exec_path(), "/usr/sbin", "/usr/local/sbin", *folders, str(_UNPACKED)]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise Missing(f"{name} is not on this machine: run setup/databases.sh")
    return Path(found)


def _mysql() -> Path:
    """mysqld, unpacked into .tools or on PATH; Debian's MariaDB has that name too and is not meant."""
    for found in (_UNPACKED_MYSQL / "mysqld", shutil.which("mysqld")):
        if found and Path(found).exists():
            version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
            if version.returncode == 0 and "mariadb" not in version.stdout.lower():
                return Path(found)
    raise Missing("MySQL is not on this machine: run setup/mysql.sh")


def _postgresql_folders() -> list[str]:
    """Debian keeps PostgreSQL's programs in a folder a version: the newest first."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    return [str(p) for p in sorted(versions, key=lambda p: float(p.parent.name), reverse=True)]


class Server(Protocol):
    """What both servers can do."""

    port: int

    def run(self, *statements: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """Run statements as administrator, each committed; returns the rows of the last one."""
        ...

    def url(self, user: str, database: str, password: str | None = None) -> str:
        """The address for a role, the password only when it is given."""
        ...


@dataclass(frozen=True, slots=True)
class Schema:
    """One database of a server."""

    server: Server
    name: str

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements in it as administrator; returns the rows of the last one."""
        return self.server.run(*statements, database=self.name)

    def url(self, user: str = "reader") -> str:
        """Its address for a role of PASSWORDS, without the password."""
        return self.server.url(user, self.name)

    def url_with_password(self, user: str = "reader") -> str:
        """The same with the password, for drivers."""
        return self.server.url(user, self.name, PASSWORDS[user])


class _Database:
    """What the two servers share: a home, a port, a process."""

    def __init__(self, kind: str, stop_signal: int) -> None:
        self.home = make_home(f"gradewatch-{kind}")
        self.port = free_port()
        self.process = PrivateProcess(self.command(), self.home / "log", stop_signal=stop_signal)
        (self.home / "log").touch()
        give_to_server(self.home / "log")

    def _prepare(self, *command: object, environment: Mapping[str, str] | None = None) -> None:
        """Make the data folder; when that fails nothing is left."""
        try:
            run_as_server(*command, environment=environment)
        except BaseException:
            self.remove()
            raise

    def command(self) -> Sequence[object]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        """Start and wait until the administrator can connect."""
        self.process.start(self.answers)

    def stop(self) -> None:
        """Shut down in order."""
        self.process.stop()

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()

    def freeze(self) -> None:
        """Hang: SIGSTOP to every process of the server. Sockets stay open."""
        self.process.freeze()

    def thaw(self) -> None:
        """Go on after `freeze`."""
        self.process.thaw()

    def restart(self) -> None:
        """Stop and start on the same port."""
        self.stop()
        self.start()

    def ensure_running(self) -> None:
        """Whatever was done to it: running and answering afterwards."""
        self.thaw()
        if not self.process.running:
            self.start()
        wait_until(self.answers, what=f"{type(self).__name__} answers again")

    def remove(self) -> None:
        """Stop for good and delete the folder."""
        self.thaw()
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)


class MariaDB(_Database):
    """A MariaDB server. Its administrator is root without a password; `options` are added to its command."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self._program = program("mariadbd")
        super().__init__("mariadb", signal.SIGTERM)
        installer = program("mariadb-install-db")
        self._prepare(
            installer,
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
            f"--datadir={self.home / 'data'}",
            "--innodb-log-file-size=4M",
            "--innodb-flush-log-at-trx-commit=0",
            # In /tmp, servers of other containers may have files of the same names.
            environment={"TMPDIR": str(self.home)},
        )

    @property
    def socket(self) -> Path:
        """The Unix socket."""
        return self.home / "socket"

    def command(self) -> Sequence[object]:
        return (
            self._program,
            "--no-defaults",
            f"--datadir={self.home / 'data'}",
            f"--socket={self.socket}",
            f"--pid-file={self.home / 'pid'}",
            f"--tmpdir={self.home}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--innodb-buffer-pool-size=16M",
            "--innodb-log-file-size=4M",
            "--innodb-flush-log-at-trx-commit=2",
            "--max-connections=40",
            *self._options,
        )

    def start(self) -> None:
        super().start()
        for user, password in PASSWORDS.items():
            quoted = password.replace("'", "''")
            self.run(f"CREATE USER IF NOT EXISTS {user}@'%' IDENTIFIED BY '{quoted}'")

    def connect(self, database: str | None = None) -> Any:
        """An administrator's connection of PyMySQL, autocommitting."""
        import pymysql

        return pymysql.connect(
            unix_socket=str(self.socket), user="root", database=database, autocommit=True, connect_timeout=5
        )

    def answers(self) -> bool:
        import pymysql

        with contextlib.suppress(pymysql.Error, OSError):
            self.connect().close()
            return True
        return False

    def run(self, *statements: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """Run statements as administrator; returns the rows of the last one."""
        rows: tuple[tuple[Any, ...], ...] = ()
        with self.connect(database) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                rows = cursor.fetchall()
        return list(rows)

    def new_schema(self) -> Schema:
        """An empty database for one test."""
        name = f"grader_{next(_numbers)}"
        self.run(
            f"CREATE DATABASE {name} CHARACTER SET utf8mb4",
            f"GRANT SELECT ON {name}.* TO reader@'%'",
            f"GRANT ALL ON {name}.* TO owner@'%'",
        )
        return Schema(self, name)

    def drop_schema(self, schema: Schema) -> None:
        """Remove it with its grants."""
        self.run(
            f"DROP DATABASE IF EXISTS {schema.name}",
            f"REVOKE SELECT ON {schema.name}.* FROM reader@'%'",
            f"REVOKE ALL ON {schema.name}.* FROM owner@'%'",
        )

    def url(self, user: str, database: str, password: str | None = None) -> str:
        """mysql://user@127.0.0.1:port/database."""
        return f"mysql://{_login(user, password)}@127.0.0.1:{self.port}/{database}"

    def running_statements(self, user: str = "reader") -> list[str]:
        """What a role's connections are doing now."""
        rows = self.run(
            "SELECT info FROM information_schema.processlist"
            f" WHERE user = '{user}' AND command <> 'Sleep' AND info IS NOT NULL"
        )
        return [str(row[0]) for row in rows]


class MySQL(MariaDB):
    """A MySQL server, where one was unpacked: no Debian release has it beside MariaDB."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self._program = _mysql()
        _Database.__init__(self, "mysql", signal.SIGTERM)
        self._prepare(
            self._program,
            "--no-defaults",
            "--initialize-insecure",
            f"--datadir={self.home / 'data'}",
            "--innodb-buffer-pool-size=32M",
        )

    def command(self) -> Sequence[object]:
        return (
            self._program,
            "--no-defaults",
            f"--datadir={self.home / 'data'}",
            f"--socket={self.socket}",
            f"--pid-file={self.home / 'pid'}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--mysqlx=OFF",
            "--secure-file-priv=NULL",
            "--innodb-buffer-pool-size=32M",
            "--innodb-flush-log-at-trx-commit=2",
            "--max-connections=40",
            *self._options,
        )


class PostgreSQL(_Database):
    """A PostgreSQL server. Its administrator is postgres, trusted on the Unix socket only."""

    def __init__(self, *settings: str, copy_of: PostgreSQL | None = None) -> None:
        self._folders = _postgresql_folders()
        self._program = program("postgres", *self._folders)
        self._settings = settings
        # SIGINT is the fast shutdown: clients are disconnected.
        super().__init__("postgresql", signal.SIGINT)
        if copy_of is None:
            self._prepare(
                program("initdb", *self._folders),
                "--no-sync",
                "--username=postgres",
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                f"--pgdata={self.home / 'data'}",
            )
        else:
            self._prepare(
                program("pg_basebackup", *self._folders),
                "--no-sync",
                "--checkpoint=fast",
                "--write-recovery-conf",
                f"--host={copy_of.home}",
                f"--port={copy_of.port}",
                "--username=postgres",
                f"--pgdata={self.home / 'data'}",
            )

    def command(self) -> Sequence[object]:
        settings = (
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            f"unix_socket_directories={self.home}",
            "fsync=off",
            "shared_buffers=16MB",
            "max_connections=40",
            "jit=off",
            *self._settings,
        )
        return (
            self._program,
            "-D",
            self.home / "data",
            *itertools.chain.from_iterable(("-c", setting) for setting in settings),
        )

    def start(self) -> None:
        super().start()
        if self.run("SELECT pg_is_in_recovery()") == [(True,)]:
            return
        known = {row[0] for row in self.run("SELECT rolname FROM pg_roles")}
        for user, password in PASSWORDS.items():
            if user not in known:
                quoted = password.replace("'", "''")
                self.run(f"CREATE ROLE {user} LOGIN PASSWORD '{quoted}'")

    def connect(self, database: str | None = None) -> Any:
        """An administrator's connection of psycopg, autocommitting."""
        import psycopg

        return psycopg.connect(
            host=str(self.home),
            port=self.port,
            user="postgres",
            dbname=database or "postgres",
            autocommit=True,
            connect_timeout=5,
        )

    def answers(self) -> bool:
        import psycopg

        with contextlib.suppress(psycopg.Error):
            self.connect().close()
            return True
        return False

    def freeze(self) -> None:
        for process in self._processes():
            os.kill(process, signal.SIGSTOP)
        wait_until(lambda: all(map(stopped, self._processes())), what="PostgreSQL stands still")

    def thaw(self) -> None:
        for process in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)

    def kill(self) -> None:
        # The children of a killed postmaster would notice it late; a new one refuses to start beside them.
        processes = self._processes()
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        super().kill()
        wait_until(lambda: not any(Path(f"/proc/{p}").exists() for p in processes), 30, "its processes end")

    def run(self, *statements: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """Run statements as administrator; returns the rows of the last one."""
        rows: list[tuple[Any, ...]] = []
        with self.connect(database) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
                rows = cursor.fetchall() if cursor.description else []
        return rows

    def new_schema(self) -> Schema:
        """An empty database for one test; `reader` may SELECT what is made in it."""
        name = f"grader_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} OWNER owner TEMPLATE template0")
        schema = Schema(self, name)
        schema.run("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader")
        return schema

    def drop_schema(self, schema: Schema) -> None:
        """Remove it, whoever is still connected."""
        self.run(f"DROP DATABASE IF EXISTS {schema.name} WITH (FORCE)")

    def url(self, user: str, database: str, password: str | None = None) -> str:
        """postgresql://user@127.0.0.1:port/database."""
        return f"postgresql://{_login(user, password)}@127.0.0.1:{self.port}/{database}"

    def running_statements(self, user: str = "reader") -> list[str]:
        """What a role's connections are doing now."""
        rows = self.run(f"SELECT query FROM pg_stat_activity WHERE usename = '{user}' AND state = 'active'")
        return [str(row[0]) for row in rows]

    def replica(self, *settings: str) -> PostgreSQL:
        """A streaming replica of this server, not started yet."""
        return PostgreSQL(*settings, copy_of=self)

    def _processes(self) -> list[int]:
        """The postmaster, then its children."""
        if not self.process.running:
            return []
        parent = self.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        return [parent, *map(int, children.split())]


def _login(user: str, password: str | None) -> str:
    from urllib.parse import quote

    return user if password is None else f"{user}:{quote(password, safe='')}"
