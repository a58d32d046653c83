"""Drives a real Chromium over its debugging pipe (https://chromedevtools.github.io/devtools-protocol/)."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
KEYS = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Space": (32, " "),
    "ArrowDown": (40, ""),
}  # number, and letter if it has one
PICTURES = Path(__file__).resolve().parents[2] / ".pictures"
AXE = Path(__file__).with_name("axe.min.js")
WITHIN_SECONDS = 60.0  # for one answer of a browser on a busy machine


class Tab:
    """One tab of a browser. Every wait has a deadline."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive = send, receive
        self._rest = b""
        self._number = 0
        self._events: list[dict[str, Any]] = []
        self._session: str | None = None
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for part in ("Page.enable", "Runtime.enable", "Log.enable"):
            self._call(part)

    def resize(self, width: int, height: int) -> None:
        """Take the size of a screen."""
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )

    def prepare(self, script: str) -> None:
        """Run a script in each page that is opened from now on, before its own."""
        self._call("Page.addScriptToEvaluateOnNewDocument", source=script)

    def holds(self) -> dict[str, float]:
        """Return how much the page holds, such as bytes and nodes, once what nothing refers to is gone."""
        self._call("Performance.enable")
        for _ in range(2):
            self._call("HeapProfiler.collectGarbage")
        return {one["name"]: one["value"] for one in self._call("Performance.getMetrics")["metrics"]}

    def be_dark(self, *, dark: bool) -> None:
        """Prefer dark colors, or light ones."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])

    def use_scripts(self, *, on: bool) -> None:
        """Run the scripts of pages, or do not."""
        self._call("Emulation.setScriptExecutionDisabled", value=not on)

    def open(self, address: str) -> None:
        """Open an address, and wait until it is loaded."""
        self._events.clear()
        failed = self._call("Page.navigate", url=address).get("errorText")
        assert failed is None, failed
        self._wait_for_load()

    def tell(self, expression: str) -> Any:
        """Return the value of an expression in the page; a promise is waited for."""
        answer = self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def fill(self, name: str, value: str) -> None:
        """Choose or type the value of a field, as a person would."""
        self.tell(
            f"(() => {{ const name = {json.dumps(name)}, value = {json.dumps(value)};"
            " const radio = document.querySelector(`[name=${name}][type=radio][value='${value}']`);"
            " if (radio) { radio.click(); return; }"
            " const field = document.querySelector(`[name=${name}]`); field.value = value;"
            " field.dispatchEvent(new Event('change', { bubbles: true })); })()"
        )

    def choose_file(self, name: str, file: Path) -> None:
        """Choose a file in the field with this name."""
        root = self._call("DOM.getDocument")["root"]["nodeId"]
        node = self._call("DOM.querySelector", nodeId=root, selector=f"[name={name}]")["nodeId"]
        self._call("DOM.setFileInputFiles", files=[str(file)], nodeId=node)

    def press(self, words: str) -> None:
        """Click on the link or button with these words, and wait for the page to which it leads."""
        self._events.clear()
        self.tell(
            "(() => { const found = [...document.querySelectorAll('main a, main button, nav a, footer button')]"
            f".find((one) => one.textContent.trim() === {json.dumps(words)}); found.click(); }})()"
        )
        self._wait_for_load()

    def wait_for_page(self) -> None:
        """Wait until the next page is loaded, to which this one leads by itself."""
        self._events.clear()
        self._wait_for_load()

    def key(self, name: str) -> None:
        """Press one key: Tab, Enter, Space or ArrowDown. The browser does what it does for a person."""
        code, text = KEYS[name]
        key = {"key": text if name == "Space" else name, "code": name, "windowsVirtualKeyCode": code}
        self._call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **key)
        self._call("Input.dispatchKeyEvent", type="keyUp", **key)

    def go(self, name: str) -> None:
        """Press a key that leads to another page, and wait for that."""
        self._events.clear()
        self.key(name)
        self._wait_for_load()

    def type(self, words: str) -> None:
        """Type into the field that has the focus."""
        self._call("Input.insertText", text=words)

    def keep_picture(self, name: str) -> None:
        """Leave a picture of the whole page in `.pictures`, for people to look at and for the docs."""
        PICTURES.mkdir(exist_ok=True)
        seen = self._call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        (PICTURES / f"{name}.png").write_bytes(b64decode(seen))

    def wait_for(self, words: str) -> None:
        """Wait until these words can be read on the page."""
        self.tell(
            "new Promise((done, fail) => {"
            f" const there = () => document.body.innerText.includes({json.dumps(words)}) && (done(true), true);"
            " if (there()) return;"
            " new MutationObserver((_, it) => { if (there()) it.disconnect(); })"
            "   .observe(document.body, { childList: true, subtree: true, characterData: true });"
            f" setTimeout(() => fail(new Error('never there: ' + document.body.innerText)), {WITHIN_SECONDS * 500}); }})"
        )

    def wait_until(self, condition: str) -> None:
        """Wait until an expression is true, such as one about the focus, which comes to a part when it is first drawn."""
        until = time.monotonic() + WITHIN_SECONDS
        while not self.tell(condition):
            assert time.monotonic() < until, condition

    def text(self) -> str:
        """Return all that can be read."""
        return str(self.tell("document.body.innerText"))

    def barriers(self) -> list[list[Any]]:
        """Return what axe-core finds wrong with the page: each rule, and the parts that break it; and too large a width."""
        self.tell(AXE.read_text(encoding="utf-8") + "; true")
        found: list[list[Any]] = self.tell(
            "axe.run().then((all) => all.violations.map((one) => [one.id, one.nodes.map((node) => node.html)]))"
        )
        fits = self.tell("document.documentElement.scrollWidth <= innerWidth")
        return found if fits else [*found, ["wider than the screen", []]]

    def manifest(self) -> tuple[dict[str, Any], list[str]]:
        """Return the manifest by which the page can be put on a home screen, and what Chromium finds wrong with it."""
        found = self._call("Page.getAppManifest")
        return json.loads(found["data"]), [error["message"] for error in found["errors"]]

    def complaints(self) -> list[str]:
        """Return what the browser has logged as errors: what its policy forbade, or scripts that failed."""
        entries = [event["params"]["entry"] for event in self._events if event.get("method") == "Log.entryAdded"]
        return [entry["text"] for entry in entries if entry["level"] == "error"]

    def _wait_for_load(self) -> None:
        until = time.monotonic() + WITHIN_SECONDS
        while not any(event.get("method") == "Page.loadEventFired" for event in self._events):
            self._events.append(self._read(until))

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        said: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            said["sessionId"] = self._session
        os.write(self._send, json.dumps(said).encode() + b"\0")
        until = time.monotonic() + WITHIN_SECONDS
        while True:
            answer = self._read(until)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self._events.append(answer)

    def _read(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._receive], [], [], max(0.0, until - time.monotonic()))
            assert ready, "the browser does not answer"
            some = os.read(self._receive, 1 << 16)
            assert some, "the browser has ended"
            self._rest += some
        one, _, self._rest = self._rest.partition(b"\0")
        answer: dict[str, Any] = json.loads(one)
        return answer


@contextmanager
def browser(
    directory: Path, inside: Callable[[list[str]], list[str]] = list, *, trusting: bool = False
) -> Iterator[Tab]:
    """Run a browser with a profile of its own in `directory`, and yield a tab of it.

    `inside` makes the command line that runs a command on another machine, such as a network namespace. If it is
    `trusting`, it goes on where a certificate is not known, as a person does who has compared its fingerprint.
    """
    assert PROGRAM is not None
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    words = [
        PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
        f"--user-data-dir={directory}",
    ]  # fmt: skip
    if trusting:
        words.append("--ignore-certificate-errors")
    shell = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
    process = subprocess.Popen(
        inside(["/bin/bash", "-c", shell, "browser", *words]),
        pass_fds=(theirs_in, theirs_out),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Tab(ours_out, ours_in)
    finally:
        process.kill()
        process.wait()
        os.close(ours_out)
        os.close(ours_in)
