"""PostgreSQL, RabbitMQ and memcached as private services. All listen on 127.0.0.1 only."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from archive.errors import FatalError, UsageError
from deploy.local import packages, probes
from deploy.local.service import Account, Provision, Service, account_of

PLAIN_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")
FAST_AND_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=4GB")


@dataclass(frozen=True, slots=True)
class Door:
    """Where one service is found, what moves it from there, and who may enter."""

    port: int
    other_ports: str
    user: str = ""
    password: str = ""


def plain_environment(**added: str) -> dict[str, str]:
    """Give a service few of our variables: the user's PG… and RABBITMQ_… are about other servers."""
    return {name: os.environ[name] for name in PLAIN_ENVIRONMENT if name in os.environ} | added


@dataclass(frozen=True, slots=True)
class Cluster:
    """One PostgreSQL data folder and what works on it. `environment` leads PostgreSQL's programs to its server."""

    data: Path
    door: Door
    database: str
    programs: Path
    account: Account

    @property
    def environment(self) -> dict[str, str]:
        door = self.door
        return plain_environment(PGHOST="127.0.0.1", PGPORT=str(door.port), PGUSER=door.user, PGPASSWORD=door.password)

    def program(self, name: str) -> str:
        return str(self.programs / name)

    def prepare(self) -> None:
        """Make the data folder, in one step: a cluster that was half made when the power went is made again."""
        if self.data.exists():
            self._forget_dead_server()
            return
        unfinished = self.data.with_name("unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        for path in (unfinished.parent, unfinished):
            self.account.hand_over(path)
        done = self._fill(unfinished)
        if done.returncode != 0:
            raise FatalError(f"PostgreSQL could not make its data folder {unfinished}:\n{done.stdout}{done.stderr}")
        unfinished.rename(self.data)

    def _fill(self, unfinished: Path) -> subprocess.CompletedProcess[str]:
        password_file = unfinished.with_name("password")
        password_file.touch(mode=0o600)
        password_file.write_text(self.door.password, encoding="utf-8")
        self.account.hand_over(password_file)
        options = ["--auth=scram-sha-256", f"--username={self.door.user}", f"--pwfile={password_file}"]
        command = [self.program("initdb"), *options, "--no-locale", "--encoding=UTF8", f"--pgdata={unfinished}"]
        done = self.account.run(command, environment=plain_environment())
        password_file.unlink()
        return done

    def _forget_dead_server(self) -> None:
        """Remove the lock of a server that was killed: its number may be another program's now, and then it counts."""
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        try:
            command = Path("/proc", lock.read_text(encoding="utf-8").split()[0], "cmdline").read_bytes()
        except (OSError, IndexError):
            command = b""
        if os.fsencode(self.data) not in command:
            lock.unlink()

    def is_ready(self) -> bool:
        return probes.succeeds([self.program("pg_isready"), "-q"], environment=self.environment)

    def make_database(self) -> None:
        ask = [self.program("psql"), "-d", "postgres", "-Atc", "SELECT datname FROM pg_database"]
        names = subprocess.run(ask, env=self.environment, capture_output=True, text=True, check=True).stdout.split()
        if self.database not in names:
            make = [self.program("createdb"), "--maintenance-db=postgres", self.database]
            subprocess.run(make, env=self.environment, capture_output=True, check=True)


def programs_for(data: Path) -> Path:
    """Find the programs of the version that made `data`, or of the newest that has PostGIS."""
    found = packages.postgis_versions()
    made_by = data / "PG_VERSION"
    if made_by.exists():
        version = int(made_by.read_text(encoding="ascii"))
        if version not in found:
            raise UsageError(
                f"{data} was made by PostgreSQL {version}, which is not here with PostGIS. "
                f"Install postgresql-{version}-postgis-3, or remove the data by `make clean`."
            )
        return packages.postgres_programs(version)
    if not found:
        raise UsageError("PostgreSQL with PostGIS is not installed. `make run` and `make test` install it.")
    return packages.postgres_programs(found[0])


def server_of(cluster: Cluster, name: str, options: Iterable[str], *, when_ready: Callable[[], None]) -> Service:
    """The server of one data folder."""
    door = cluster.door
    common = ("listen_addresses=127.0.0.1", f"port={door.port}", "unix_socket_directories=", "jit=off")
    options = (*common, "random_page_cost=1.1", *options)
    return Service(
        name=name,
        prefix=cluster.account.prefix,
        command=(cluster.program("postgres"), "-D", str(cluster.data), *(f"--{option}" for option in options)),
        directory=cluster.data.parent,
        environment=plain_environment(),
        ports=(door.port,),
        other_ports=door.other_ports,
        before_start=cluster.prepare,
        is_ready=cluster.is_ready,
        when_ready=when_ready,
        stop_signal=signal.SIGINT,  # its "fast" shutdown: it does not wait for clients
    )


def postgres(
    folder: Path, door: Door, *, database: str, durable: bool, memory: Iterable[str] = ("shared_buffers=256MB",)
) -> Provision:
    """PostgreSQL with PostGIS. Not `durable` is faster and loses data with the power; `memory` are options about it."""
    data = folder / "data"
    cluster = Cluster(data, door, database, programs=programs_for(data), account=account_of("postgres"))
    folder.mkdir(parents=True, exist_ok=True)
    options = (*memory, *(() if durable else FAST_AND_FORGETFUL))
    service = server_of(cluster, "postgres", options, when_ready=cluster.make_database)
    settings = {"DB_HOST": "127.0.0.1", "DB_HOST_READER": "127.0.0.1", "DB_PORT": str(door.port)}
    settings |= {"DB_NAME": database, "DB_USER": door.user, "DB_PASS": door.password}
    return Provision((service,), settings)


def memcached(folder: Path, door: Door) -> Provision:
    folder.mkdir(parents=True, exist_ok=True)
    service = Service(
        name="memcached",
        prefix=account_of("nobody").prefix,
        command=(str(shutil.which("memcached")), "-l", "127.0.0.1", "-p", str(door.port), "-U", "0", "-m", "64"),
        directory=folder,
        environment=plain_environment(),
        ports=(door.port,),
        other_ports=door.other_ports,
        is_ready=partial(probes.answers, door.port, b"version\r\n", begins=b"VERSION"),
    )
    return Provision((service,), {"CACHE_LOC": f"127.0.0.1:{door.port}"})


def rabbitmq(folder: Path, door: Door, *, dist_port: int, epmd_port: int) -> Provision:
    """RabbitMQ with one user of its own. `dist_port` and `epmd_port` are for its own tools."""
    home = folder / "home"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    epmd = Service(
        name="epmd",  # Erlang's table of names; started by us, because RabbitMQ would leave one behind
        command=(str(shutil.which("epmd")), "-port", str(epmd_port), "-address", "127.0.0.1"),
        directory=folder,
        environment=plain_environment(HOME=str(home)),
        ports=(epmd_port,),
        other_ports=door.other_ports,
        is_ready=partial(probes.listens, epmd_port),
    )
    broker = Service(
        name="rabbitmq",
        command=(str(packages.RABBITMQ_SERVER),),
        directory=folder,
        environment=_broker_environment(folder, door, dist_port=dist_port, epmd_port=epmd_port),
        ports=(door.port, dist_port),
        other_ports=door.other_ports,
        after=("epmd",),
        before_start=partial(_configure_broker, folder, door),
        is_ready=partial(probes.speaks_amqp, door.port),
        stop_seconds=30.0,
    )
    url = f"amqp://{door.user}:{door.password}@127.0.0.1:{door.port}//"
    return Provision((epmd, broker), {"QUEUE_BROKER_URL": url})


def _configure_broker(folder: Path, door: Door) -> None:
    lines = {
        "listeners.tcp.1": f"127.0.0.1:{door.port}",
        "default_user": door.user,
        "default_pass": door.password,
        "log.console": "true",
        "log.file": "false",
    }
    config = folder / "rabbitmq.conf"
    config.touch(mode=0o600)
    config.write_text("".join(f"{name} = {value}\n" for name, value in lines.items()), encoding="utf-8")
    (folder / "plugins").write_text("[].\n", encoding="utf-8")


def _broker_environment(folder: Path, door: Door, *, dist_port: int, epmd_port: int) -> Mapping[str, str]:
    return plain_environment(
        HOME=str(folder / "home"),  # the cookie of its cluster of one is made here
        RABBITMQ_NODENAME="archive@localhost",
        RABBITMQ_NODE_IP_ADDRESS="127.0.0.1",
        RABBITMQ_NODE_PORT=str(door.port),
        RABBITMQ_DIST_PORT=str(dist_port),
        ERL_EPMD_PORT=str(epmd_port),
        ERL_EPMD_ADDRESS="127.0.0.1",
        RABBITMQ_MNESIA_BASE=str(folder / "data"),
        RABBITMQ_LOG_BASE=str(folder / "log"),
        RABBITMQ_CONFIG_FILE=str(folder / "rabbitmq.conf"),
        RABBITMQ_ENABLED_PLUGINS_FILE=str(folder / "plugins"),
        RABBITMQ_PID_FILE=str(folder / "pid"),
        RABBITMQ_CONF_ENV_FILE="/dev/null",  # the system server's own settings
        RABBITMQ_ALLOW_INPUT="true",  # the script becomes the server, so that the kernel's watch is on the server
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} -noinput",
    )
