"""The page in a real browser (Debian: apt-get install chromium): pytest -m browser."""

from __future__ import annotations

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from page import parse
from synthetic_network import make_network_report
from synthetic_report import make_report
from test_report_cohorts import make_cohort_report

from popdyn.report import write

pytestmark = pytest.mark.browser


def chromium(page, profile, *options: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "no Chromium found; on Debian: apt-get install chromium"
    command = [
        program,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={profile}",
        *options,
        page.as_uri(),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


@pytest.fixture
def server():
    """Counts what a page asks for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_):
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}", asked
    http.shutdown()
    http.server_close()


@pytest.mark.parametrize(("truth", "verdict"), [(True, "fail"), (False, "unverified")])
def test_the_browser_reads_the_verdict_off_the_page(tmp_path, truth, verdict):
    write(make_report(truth=truth), tmp_path)
    page = parse(chromium(tmp_path / "report.html", tmp_path / "profile", "--dump-dom").stdout)
    assert page.by_id("verdict").text == verdict
    assert len(page.all("svg")) == 5
    assert len(page.all("details")) >= 7
    assert all(any(parent in e.parents for parent in ("figure", "section")) for e in page.all("table"))
    assert all("tbody" in e.parents for e in page.all("td"))


def test_the_browser_shows_a_network(tmp_path):
    write(make_network_report(), tmp_path)
    page = parse(chromium(tmp_path / "report.html", tmp_path / "profile", "--dump-dom").stdout)
    for key in ("network", "neurons", "validity"):
        assert page.by_id(key).tag == "h2"
    links = {e.attributes["href"] for e in page.all("a")}
    assert {"#network", "#neurons", "#validity"} <= links
    assert len(page.all("svg")) == len(page.all("figure"))


def test_the_browser_shows_cohorts(tmp_path):
    write(make_cohort_report(), tmp_path)
    page = parse(chromium(tmp_path / "report.html", tmp_path / "profile", "--dump-dom").stdout)
    for key in ("cohorts", "not-available"):
        assert page.by_id(key).tag == "h2"


def test_hostile_labels_neither_run_nor_load(tmp_path, server):
    address, asked = server
    label = (
        f'</title></style><script>document.title="run"</script><img src="{address}/leak" onerror="document.title=1">'
    )
    write(make_report(label=label), tmp_path / "out")
    done = chromium(tmp_path / "out/report.html", tmp_path / "profile", "--dump-dom", "--virtual-time-budget=2000")
    page = parse(done.stdout)
    assert page.by_id("verdict").text == "fail"
    assert page.all("title")[0].text.startswith("</title></style><script>")
    assert not page.all("script")
    assert not [path for path in asked if path.startswith("/leak")]


def test_the_counter_of_requests_works(tmp_path, server):
    """The control of the test above: the same label unescaped does load and run."""
    address, asked = server
    bad = tmp_path / "bad.html"
    bad.write_text(f'<title>x</title><script>document.title="run"</script><img src="{address}/leak">')
    page = parse(chromium(bad, tmp_path / "profile", "--dump-dom", "--virtual-time-budget=2000").stdout)
    assert page.all("title")[0].text == "run"
    assert "/leak" in asked


def test_it_prints(tmp_path):
    write(make_report(), tmp_path)
    pdf = tmp_path / "report.pdf"
    chromium(tmp_path / "report.html", tmp_path / "profile", f"--print-to-pdf={pdf}", "--no-pdf-header-footer")
    data = pdf.read_bytes()
    assert data.startswith(b"%PDF")
    assert len(data) > 50_000
