#!/usr/bin/env python3
"""A day's work with Python's docker client. Each call has to succeed and to have its effect."""

import io
import tarfile
import time

import docker
from docker.types import LogConfig, Mount, Ulimit

IMAGE = "lockgate/busybox"
HARDENED = {
    "user": "65534:65534",
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "mem_limit": "64m",
    "memswap_limit": "64m",
    "nano_cpus": 500_000_000,
    "pids_limit": 64,
    "read_only": True,
    "network": "work",
}


def tar(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def eventually(condition) -> bool:
    """Whether it becomes true, where something goes on behind the client."""
    for _ in range(200):
        if condition():
            return True
        time.sleep(0.3)
    return False


def execute(container, command, **options) -> int:
    """Gives the exit code only: this client may lose what a short command prints."""
    call = client.api.exec_create(container.id, command, **options)["Id"]
    client.api.exec_start(call)
    assert eventually(lambda: not client.api.exec_inspect(call)["Running"])
    return client.api.exec_inspect(call)["ExitCode"]


client = docker.from_env()
assert client.ping()
print(docker.__version__, "before", client.version()["Version"])
client.info()
client.df()

client.networks.create("work", labels={"purpose": "test"})
inside = client.networks.create("inside", driver="bridge", internal=True)
volume = client.volumes.create("data", labels={"purpose": "test"})

# Containers from their making to their end.
assert client.containers.run(IMAGE, "echo hello", remove=True, **HARDENED) == b"hello\n"
idle = client.containers.create(
    IMAGE,
    ["sh", "-c", "echo begun; exec sleep 1000"],
    name="idle",
    hostname="idle",
    environment={"A": "b"},
    labels={"purpose": "test"},
    tmpfs={"/tmp": "size=1m"},
    mounts=[Mount("/data", "data", read_only=True)],
    ports={"8080/tcp": ("127.0.0.1", 8080)},
    restart_policy={"Name": "unless-stopped"},
    init=True,
    working_dir="/tmp",
    ulimits=[Ulimit(name="nofile", soft=64, hard=64)],
    log_config=LogConfig(type="json-file", config={"max-size": "1m"}),
    healthcheck={"test": ["CMD", "true"], "interval": 60 * 10**9},
    **HARDENED,
)
idle.start()
idle.reload()
assert idle.status == "running"
assert [found.name for found in client.containers.list(filters={"label": "purpose"})] == ["idle"]
assert eventually(lambda: idle.logs() == b"begun\n")
assert idle.top()["Processes"]
assert idle.stats(stream=False)["memory_stats"]
idle.diff()
assert execute(idle, "touch /tmp/made") == 0
assert execute(idle, ["sh", "-c", "[ $A$(id -u) = c65534 ]"], user="65534:65534", environment={"A": "c"}) == 0
idle.pause()
idle.unpause()
idle.restart(timeout=1)
idle.rename("busy")
inside.connect(idle, aliases=["other"])
inside.disconnect(idle)
idle.update(mem_limit="32m", memswap_limit="32m")
idle.update(restart_policy={"Name": "no"})
idle.reload()
assert idle.attrs["HostConfig"]["Memory"] == 32 << 20
idle.stop(timeout=1)
idle.start()
idle.kill()
assert idle.wait()["StatusCode"] == 137

# Files in and out.
files = client.containers.run(
    IMAGE, "true", name="files", detach=True, volumes={"data": {"bind": "/data", "mode": "rw"}}, **HARDENED
)
files.wait()
assert files.put_archive("/data", tar("file", b"content"))
stream, _ = files.get_archive("/data/file")
with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
    assert archive.extractfile("file").read() == b"content"
assert b"".join(files.export())

# Images.
committed = files.commit("work/committed", message="as it was")
assert committed.tag("work/tagged", "1")
committed.history()
saved = b"".join(committed.save(named=True))
client.images.remove("work/committed")
client.images.remove("work/tagged:1")
assert client.images.load(saved)[0].attrs["Comment"] == "as it was"
client.api.import_image_from_data(tar("file", b"content"), repository="work/imported", tag="1")
# The end of it all.
for container in client.containers.list(all=True):
    container.remove(force=True, v=True)
client.containers.prune()
for name in ["work/committed", "work/imported:1"]:
    client.images.remove(name)
client.images.prune()
inside.remove()
client.networks.prune()
volume.remove()
client.volumes.prune()
assert not client.containers.list(all=True)
