"""An S3 server on this machine: versitygw, which keeps buckets as folders."""

import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Self

from tests.support.go_tools import go_tool
from tests.support.ports import free_port
from tests.support.servers import Closing

GATEWAY = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"


def gateway() -> Path:
    """The server program, built once and cached."""
    return go_tool(GATEWAY, "s3", "versitygw, a server that speaks S3")


class Buckets(Closing):
    """A running server; its buckets are the folders in ``root``."""

    access_key, secret_key = "hearsay", "not-a-secret"

    def __init__(self, program: Path, folder: Path) -> None:
        self.root = folder / "buckets"
        self.root.mkdir()
        self._port = free_port()
        self.endpoint = f"http://127.0.0.1:{self._port}"
        keys = {"ROOT_ACCESS_KEY": self.access_key, "ROOT_SECRET_KEY": self.secret_key}
        command = [program, "--port", f"127.0.0.1:{self._port}", "posix", self.root]
        self._output = (folder / "versitygw.txt").open("ab")
        self._process = subprocess.Popen(command, env={**os.environ, **keys}, stdout=self._output, stderr=self._output)

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

    def close(self) -> None:
        """Stop; the port refuses connections from now on."""
        self._process.terminate()
        self._process.wait()
        self._output.close()
