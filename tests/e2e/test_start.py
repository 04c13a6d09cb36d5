"""The product as `make run` starts it: ready, closed to strangers, gone after a stop."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.harness.product import ROOT, Product, running_product

pytestmark = pytest.mark.browser


def _family(product: Product) -> list[psutil.Process]:
    top = psutil.Process(product.process.pid)
    return [top, *top.children(recursive=True)]


def test_application_and_tracking_answer(product: Product) -> None:
    assert httpx.get(f"{product.url}/_stcore/health").status_code == 200
    assert httpx.get(f"{product.mlflow_url}/health").status_code == 200


def test_stranger_is_led_to_the_login(visitor: Page) -> None:
    visitor.goto("/experiments")
    expect(visitor.get_by_label("Password")).to_be_visible()


def test_second_start_on_the_same_port_names_the_port(product: Product) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.supervisor"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **product.environ},
        capture_output=True,
        text=True,
        timeout=60,
    )
    port = product.environ["MLAAS_SERVER__PORT"]
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"Port {port} on 127.0.0.1, which app needs, is in use.")
    assert done.stderr.count("\n") == 1


def test_interrupt_stops_everything_within_seconds(tmp_path: Path) -> None:
    with running_product(tmp_path, demo=False) as product:
        family = _family(product)
        started = time.monotonic()
        product.process.send_signal(signal.SIGINT)
        assert product.process.wait(20) == 0
        assert time.monotonic() - started < 15
    assert [process for process in family if process.is_running()] == []


def test_second_start_keeps_data_and_prints_no_password(tmp_path: Path) -> None:
    with running_product(tmp_path, demo=False):
        pass
    started = time.monotonic()
    with running_product(tmp_path, demo=False) as product:
        assert time.monotonic() - started < 30
        assert "Sign-in" not in product.log.read_text()
