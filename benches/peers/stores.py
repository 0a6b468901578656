"""The stores of the peers that keep what they accept: each is started empty, asked what it holds, and stopped.

A store is a context manager with `environment`, by which its peer finds it, and `count(key)`, the number of messages
that it holds under a platform's message id.
"""

import contextlib
import glob
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import time


@contextlib.contextmanager
def nothing(folder):
    """No store, for a peer that keeps nothing."""
    yield None


@contextlib.contextmanager
def postgres(folder):
    """PostgreSQL with its defaults: `synchronous_commit` and `fsync` are on."""
    empty(folder)
    # PostgreSQL refuses to run as root; Debian's package makes this user.
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, "postgres", "postgres")
    port = free_port()
    run([program("initdb"), "-D", folder, "-U", "postgres", "--auth", "trust"], cwd=folder, **user)
    command = [program("postgres"), "-D", folder, "-p", str(port), "-c", f"unix_socket_directories={folder}"]
    url = f"postgres://postgres@127.0.0.1:{port}/postgres"

    def ask(query):
        return run([program("psql"), "-XAt", "-d", url, "-c", query])

    with server(command, lambda: ask("select 1"), cwd=folder, **user):
        assert ask("show synchronous_commit") == ask("show fsync") == "on"
        yield Store({"DATABASE_URL": url}, lambda key: int(ask(f"select count(*) from callbacks where id = '{key}'")))


@contextlib.contextmanager
def redis(folder):
    """Redis that syncs its append-only file before it answers, which is not its default."""
    empty(folder)
    port = free_port()
    command = [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "",
               "--appendonly", "yes", "--appendfsync", "always"]

    def ask(*words):
        return run([program("redis-cli"), "-p", str(port), *words])

    with server(command, lambda: ask("ping"), cwd=folder):
        assert ask("config", "get", "appendfsync").endswith("always")
        yield Store({"REDIS_PORT": str(port)}, lambda key: int(ask("exists", f"bull:callbacks:{key}")))


@contextlib.contextmanager
def sqlite(folder):
    """A file of SQLite; its peer sets `synchronous=FULL`."""
    empty(folder)
    file = folder / "callbacks.db"

    def count(key):
        with contextlib.closing(sqlite3.connect(file, timeout=30)) as database:
            return database.execute("select count(*) from callbacks where id = ?", [key]).fetchone()[0]

    yield Store({"SQLITE_FILE": str(file)}, count)


class Store:
    """A running store."""

    def __init__(self, environment, count):
        self.environment, self.count = environment, count


@contextlib.contextmanager
def server(command, is_ready, **options):
    """A server of its own, from its first answer on, until the end of the block."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        for _ in range(100):
            try:
                is_ready()
                break
            except subprocess.CalledProcessError:
                time.sleep(0.1)
        else:
            raise SystemExit(f"{command[0]} does not answer; run it by hand: {' '.join(map(str, command))}")
        yield
    finally:
        # Both PostgreSQL and Redis close their clients' connections at SIGINT, and end.
        process.send_signal(signal.SIGINT)
        process.wait()


def empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout.strip()


PACKAGES = {"initdb": "postgresql", "postgres": "postgresql", "psql": "postgresql", "redis-server": "redis-server",
            "redis-cli": "redis-server"}


def program(name):
    """The path of a program, or the end with the name of the package that has it."""
    # Debian keeps PostgreSQL's server out of the PATH; the newest version is the last one.
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(pathlib.Path(path).parent.name))
    found = shutil.which(name, path=os.pathsep.join([*reversed(folders), os.environ["PATH"]]))
    if not found:
        raise SystemExit(f"{name} is missing: apt-get install {PACKAGES[name]}")
    return found
