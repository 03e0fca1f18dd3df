"""`hutong metrics`: how the lake stands, for Prometheus."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import click

from hutong import settings
from hutong.cli.opened import Opened, opened
from hutong.cli.words import say
from hutong.errors import AskedWrongly, HutongError


@click.command(
    help=say(
        "Figures of the lake as Prometheus' text: rows, bytes, fates, quarantine, gates, freshness, batches that wait,"
        " budgets. Once to standard output; with --out into FILE, for node_exporter's textfile collector, in one step,"
        " so that nobody reads half of it; with --port until it is stopped, at http://HOST:PORT/metrics."
        " Example: hutong metrics --port 9464",
        "以 Prometheus 文本格式输出数据湖指标：行数、字节数、记录去向、问题数据、质量门、及时性、待发布批次、配额。"
        "默认向标准输出打印一次；--out 原子写入 FILE（供 node_exporter 的 textfile 采集器读取）；"
        "--port 在 http://HOST:PORT/metrics 持续提供，直至停止。示例：hutong metrics --port 9464",
    )
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help=say("File to write.", "要写入的文件。"))
@click.option("--port", type=click.IntRange(0, 65535), help=say("Port to answer at.", "监听端口。"))
@click.option("--host", default="127.0.0.1", show_default=True, help=say("Address to answer at.", "监听地址。"))
def metrics(out: Path | None, port: int | None, host: str) -> None:
    """Tell the figures once, or whenever somebody asks."""
    if out is not None and port is not None:
        raise AskedWrongly("--out and --port are two ways to tell the figures", "choose one")
    here = opened()
    try:
        from hutong.metrics import exposition
    except ModuleNotFoundError as missing:
        if missing.name != "prometheus_client":
            raise
        raise HutongError("prometheus_client is not installed", "pip install 'hutong[metrics]'") from None
    if port is not None:
        _serve(host, port, here)
        return
    text = exposition(here.registry, here.store, settings.read())
    if out is None:
        click.echo(text, nl=False)
    else:
        _write(out, text)
    if b"\nhutong_lake_readable 1.0\n" not in text:
        raise HutongError("the lake cannot be read", "the log names what failed")


def _write(out: Path, text: bytes) -> None:
    try:
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(text)
        Path(name).chmod(0o644)  # node_exporter is another user
        os.replace(name, out)
    except OSError as wrong:
        raise AskedWrongly(
            f"{out} cannot be written: {wrong.strerror}", "name a file in a folder that is yours"
        ) from None


def _serve(host: str, port: int, here: Opened) -> None:
    from prometheus_client import CollectorRegistry, start_http_server

    from hutong.metrics import LakeCollector

    collected = CollectorRegistry()
    collected.register(LakeCollector(here.registry, here.store, settings.read()))
    try:
        server, _ = start_http_server(port, host, collected)
    except OSError as wrong:
        raise AskedWrongly(f"nothing can answer at {host}:{port}: {wrong.strerror}", "choose another --port") from None
    click.echo(f"http://{host}:{server.server_port}/metrics", err=True)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with suppress(KeyboardInterrupt):
        ended.wait()
    server.shutdown()
