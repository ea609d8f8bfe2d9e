"""The page over HTTP: who may see it, what there is to see, and what it may load."""

from __future__ import annotations

import re

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from foreword.playground.page import Page, read_files

HOST = "127.0.0.1:8123"


def get(page: Page, path: str, *, host: str | None = HOST, cookie: str = "", **headers: str) -> Response | None:
    given = Headers(headers)
    if host is not None:
        given["Host"] = host
    if cookie:
        given["Cookie"] = cookie
    return page.answer(Request(path, given), HOST)


def seen(page: Page, path: str, *, host: str | None = HOST, cookie: str = "", **headers: str) -> Response:
    answer = get(page, path, host=host, cookie=cookie, **headers)
    assert answer is not None
    return answer


@pytest.fixture
def page() -> Page:
    return Page()


@pytest.fixture
def cookie(page: Page) -> str:
    """What a browser sends that has opened the address."""
    answer = seen(page, f"/?token={page.token}")
    assert (answer.status_code, answer.headers["Location"], answer.body) == (303, "/", b"")
    name, _, rest = answer.headers["Set-Cookie"].partition("=")
    value, *attributes = rest.split("; ")
    assert set(attributes) == {"Path=/", "HttpOnly", "SameSite=Lax"}
    assert page.token not in rest
    return f"{name}={value}"


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=x", "/?tokens={token}", "/playground.js", "/#{token}"])
def test_without_the_token_nothing_is_seen(page: Page, path: str) -> None:
    answer = seen(page, path.format(token=page.token))
    assert answer.status_code == 403
    assert b"foreword playground" in answer.body
    assert "Set-Cookie" not in answer.headers


def test_the_token_opens_the_page_once(page: Page, cookie: str) -> None:
    assert seen(page, f"/?token={page.token}").status_code == 403
    assert seen(page, "/", cookie=cookie).status_code == 200
    # The browser that has opened it may be given the address again.
    assert seen(page, f"/?token={page.token}", cookie=cookie).status_code == 200


def test_another_token_does_not_use_it_up(page: Page) -> None:
    assert seen(page, "/?token=\u00e9").status_code == 403
    assert seen(page, f"/?token={page.token[:-1]}").status_code == 403
    assert seen(page, f"/?token={page.token}").status_code == 303


def test_every_start_has_a_token_of_its_own(page: Page) -> None:
    other = Page()
    assert len(page.token) >= 43  # 256 bits
    assert other.token != page.token
    assert seen(other, f"/?token={page.token}").status_code == 403


@pytest.mark.parametrize("shown", ["foreword-8123=x", "foreword-8124={}", "{}", "foreword-8123", "=;;", "a b=[c]"])
def test_a_cookie_must_be_ours(page: Page, cookie: str, shown: str) -> None:
    assert seen(page, "/", cookie=shown.format(cookie.partition("=")[2])).status_code == 403


@pytest.mark.parametrize("others", ["session=1; ", "a[b]=1; ", 'q="x; y"; '])
def test_cookies_of_other_servers_of_this_machine_do_no_harm(page: Page, cookie: str, others: str) -> None:
    assert seen(page, "/", cookie=others + cookie).status_code == 200


@pytest.mark.parametrize("host", [None, "", "localhost:8123", "127.0.0.1", "127.0.0.1:8124", "evil.example:8123"])
def test_only_its_own_host_is_answered(page: Page, cookie: str, host: str | None) -> None:
    for path in ("/", f"/?token={page.token}"):
        assert seen(page, path, host=host, cookie=cookie).status_code == 421


def test_a_second_host_header_is_refused(page: Page, cookie: str) -> None:
    headers = Headers([("Host", HOST), ("Host", "evil.example"), ("Cookie", cookie)])
    answer = page.answer(Request("/", headers), HOST)
    assert answer is not None
    assert answer.status_code == 421


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/index.html", "text/html"),
        ("/playground.js", "text/javascript"),
        ("/page.css", "text/css"),
        ("/icon.svg", "image/svg+xml"),
        ("/licences.txt", "text/plain"),
        ("/page.css?x=1", "text/css"),
    ],
)
def test_the_files_of_the_page(page: Page, cookie: str, path: str, kind: str) -> None:
    answer = seen(page, path, cookie=cookie)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].partition(";")[0] == kind
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.body


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/../page.py",
        "/%2e%2e/page.py",
        "/..%2fpage.py",
        "//etc/passwd",
        "/static/index.html",
        "/./index.html",
        "/index.html/",
        "/index.html%00",
        "http://127.0.0.1:8123/../page.py",
        "",
        "*",
    ],
)
def test_there_is_nothing_else(page: Page, cookie: str, path: str) -> None:
    assert seen(page, path, cookie=cookie).status_code == 404


def test_the_page_may_load_nothing_from_elsewhere(page: Page, cookie: str) -> None:
    answer = seen(page, "/", cookie=cookie)
    policy = dict(rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == f"ws://{HOST}"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in str(policy)
    text = answer.body.decode()
    nonce = re.search(r"'nonce-(\S+)'", policy["style-src"])
    assert nonce is not None
    assert f'nonce="{nonce[1]}"' in text
    assert nonce[1] not in seen(page, "/", cookie=cookie).body.decode()
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)


def test_its_files_name_no_address_to_load_from() -> None:
    for name in ("page.css", "playground.js"):
        text = read_files()[name][1].decode()
        assert not re.search(r"@import|url\(['\"]?https?:|\bimport\(", text)


def test_its_licences_are_with_it() -> None:
    text = read_files()["licences.txt"][1].decode()
    for name in ("codemirror", "@codemirror/lsp-client", "@codemirror/view", "@lezer/common", "marked", "style-mod"):
        assert re.search(rf"^{re.escape(name)} \d+\.\d+\.\d+ \(MIT\)$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("origin", "known", "admitted"),
    [
        (f"http://{HOST}", True, True),
        (f"http://{HOST}", False, False),
        (None, True, False),
        ("http://127.0.0.1:8124", True, False),
        ("http://localhost:8123", True, False),
        ("https://evil.example", True, False),
        ("null", True, False),
    ],
)
def test_the_page_alone_speaks_to_the_server(
    page: Page, cookie: str, origin: str | None, known: bool, admitted: bool
) -> None:
    headers = {"Upgrade": "websocket", **({} if origin is None else {"Origin": origin})}
    answer = get(page, "/", cookie=cookie if known else "", **headers)
    assert admitted == (answer is None)
    assert answer is None or answer.status_code == 403


def test_the_token_is_not_for_the_server(page: Page) -> None:
    """It would stay of use to whoever has seen it."""
    answer = seen(page, f"/?token={page.token}", Upgrade="websocket", Origin=f"http://{HOST}")
    assert answer.status_code == 403
