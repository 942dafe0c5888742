"""Encrypted connections: refused where the certificate is not the expected one, used where it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from exporter.collector import CollectError, Deadline
from exporter.databases import mysql_drivers, open_pool
from exporter.databases.address import Access, Tls
from tests.servers.database_servers import PASSWORDS, MariaDB, Missing, PostgreSQL, Schema
from tests.servers.private_process import give_to_server, make_home, wait_until

ENCRYPTED = {
    "mysql": "SHOW SESSION STATUS LIKE 'Ssl_version'",
    "postgresql": "SELECT '', version FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
}


class Authority:
    """A certificate authority and what it signed for 127.0.0.1, readable by a server."""

    def __init__(self, folder: Path) -> None:
        self.home = make_home("gradewatch-tls")
        authority, other = trustme.CA(), trustme.CA()
        signed = authority.issue_cert("127.0.0.1")
        self.certificate, self.key = self.home / "server.pem", self.home / "server.key"
        signed.cert_chain_pems[0].write_to_path(self.certificate)
        signed.private_key_pem.write_to_path(self.key)
        self.key.chmod(0o600)
        for path in (self.certificate, self.key):
            give_to_server(path)
        self.ca, self.other = str(folder / "ca.pem"), str(folder / "other.pem")
        authority.cert_pem.write_to_path(self.ca)
        other.cert_pem.write_to_path(self.other)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    made = Authority(tmp_path_factory.mktemp("tls"))
    yield made
    shutil.rmtree(made.home)


@pytest.fixture(scope="module", params=["mariadb", "postgresql"])
def encrypted(request: pytest.FixtureRequest, authority: Authority) -> Iterator[Schema]:
    """A server of its own that has a certificate."""
    try:
        if request.param == "mariadb":
            server: MariaDB | PostgreSQL = MariaDB(
                f"--ssl-cert={authority.certificate}", f"--ssl-key={authority.key}", "--ssl=ON"
            )
        else:
            server = PostgreSQL(
                "ssl=on", f"ssl_cert_file={authority.certificate}", f"ssl_key_file={authority.key}"
            )
    except Missing as missing:
        pytest.skip(str(missing))
    try:
        server.start()
        yield server.new_schema()
    finally:
        server.remove()


def version(schema: Schema, tls: Tls, ca_file: str | None = None) -> str:
    """The protocol's version as the server sees it, empty without encryption."""
    access = Access(password_env="READER_PASSWORD", tls=tls, ca_file=ca_file)
    pool = open_pool("grader", schema.url(), access=access)
    try:
        with pool.session(Deadline.after(5)) as session:
            return str(session.run(ENCRYPTED[pool.dialect.name]).rows[0][1] or "")
    finally:
        pool.close()


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READER_PASSWORD", PASSWORDS["reader"])
    pure = mysql_drivers.PyMySQL()
    monkeypatch.setattr("exporter.databases.mysql.driver", lambda: pure)


def test_what_is_asked_for_is_what_is_done(encrypted, authority):
    assert version(encrypted, "disable") == ""
    for tls in ("prefer", "require"):
        assert version(encrypted, tls).startswith("TLSv1.")
    assert version(encrypted, "verify", authority.ca).startswith("TLSv1.")


def test_a_server_that_cannot_be_verified_gets_no_password(encrypted, authority):
    """Another authority, and the same one for another name."""
    for ca_file, host in ((authority.other, "127.0.0.1"), (authority.ca, "localhost"), (None, "127.0.0.1")):
        url = encrypted.url().replace("127.0.0.1", host)
        access = Access(password_env="READER_PASSWORD", tls="verify", ca_file=ca_file)
        with (
            pytest.raises(CollectError) as caught,
            open_pool("grader", url, access=access).session(Deadline.after(5)),
        ):
            pass
        assert caught.value.reason == "connect"
        assert "certificate" in caught.value.message
        assert PASSWORDS["reader"] not in caught.value.message


def test_a_server_without_a_certificate_is_used_plainly_or_not_at_all(request):
    for fixture in ("mariadb_schema", "postgresql_schema"):
        schema = request.getfixturevalue(fixture)
        assert version(schema, "prefer") == ""
        for tls in ("require", "verify"):
            with pytest.raises(CollectError) as caught:
                version(schema, tls)
            assert caught.value.reason == "connect"
            assert "SSL" in caught.value.message


def test_a_server_that_gets_a_certificate_is_logged_in_to_without_a_restart(authority):
    """Its administrator then asks for TLS of every role."""
    try:
        server = MariaDB("--skip-ssl")
    except Missing as missing:
        pytest.skip(str(missing))
    try:
        server.start()
        schema = server.new_schema()
        assert version(schema, "prefer") == ""
        server.process.command.remove("--skip-ssl")
        server.process.command += [f"--ssl-cert={authority.certificate}", f"--ssl-key={authority.key}"]
        server.restart()
        server.run("ALTER USER reader@'%' REQUIRE SSL")
        with pytest.raises(CollectError, match="Access denied"):
            version(schema, "prefer")
        assert version(schema, "prefer").startswith("TLSv1.")
    finally:
        server.remove()


def test_a_connection_that_is_encrypted_is_kept(encrypted):
    access = Access(password_env="READER_PASSWORD", tls="require")
    pool = open_pool("grader", encrypted.url(), access=access)
    own = "SELECT CONNECTION_ID()" if pool.dialect.name == "mysql" else "SELECT pg_backend_pid()"

    def connection() -> int:
        with pool.session(Deadline.after(5)) as session:
            return int(session.run(own).rows[0][0])

    first = connection()
    wait_until(lambda: connection() == first, 5, "the connection is kept")
    pool.close()
