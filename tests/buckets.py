"""A server that speaks S3, on this machine: versitygw, which keeps buckets as folders."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.conftest import leave_out
from tests.ports import free_port

GATEWAY = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"

SECONDS_TO_BUILD = 1500
"""Five minutes and more were seen, by two cores that had other work."""


def gateway() -> Path:
    """The server's program, built once and kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hearsay" / "versitygw-v1.8.0"
    if not (cache / "versitygw").exists():
        if not shutil.which("go"):
            leave_out("s3", "install Go, which builds versitygw, a server that speaks S3")
        told = {**os.environ, "GOBIN": str(cache)}
        try:
            built = subprocess.run(
                ["go", "install", GATEWAY],
                env=told, capture_output=True, text=True, timeout=SECONDS_TO_BUILD, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            leave_out("s3", f"versitygw was not built within {SECONDS_TO_BUILD} s; the next time goes on with it")
        if built.returncode:
            leave_out("s3", f"versitygw could not be built: {built.stderr[-500:]}")
    return cache / "versitygw"


class Buckets:
    """A running server; its buckets are the folders in ``root``."""

    access_key, secret_key = "hearsay", "not-a-secret"

    def __init__(self, program: Path, folder: Path) -> None:
        self.root = folder / "buckets"
        self.root.mkdir()
        self._port = free_port()
        self.endpoint = f"http://127.0.0.1:{self._port}"
        keys = {"ROOT_ACCESS_KEY": self.access_key, "ROOT_SECRET_KEY": self.secret_key}
        command = [program, "--port", f"127.0.0.1:{self._port}", "posix", self.root]
        self._said = (folder / "versitygw.txt").open("ab")
        self._process = subprocess.Popen(command, env={**os.environ, **keys}, stdout=self._said, stderr=self._said)

    def put(self, client: Any, bucket: str, **objects: bytes) -> None:
        """Make a bucket with objects in it, by key."""
        client.create_bucket(Bucket=bucket)
        for key, data in objects.items():
            client.put_object(Bucket=bucket, Key=key, Body=data)

    def __enter__(self) -> Self:
        while True:
            assert self._process.poll() is None
            try:
                socket.create_connection(("127.0.0.1", self._port)).close()
            except ConnectionRefusedError:
                time.sleep(0.02)
            else:
                return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Go away; the port refuses from now on."""
        self._process.terminate()
        self._process.wait()
        self._said.close()
