# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Methods and targets of all forms in spans, and heads in which the tool has to look far."""

import pytest

from harness.builds import ONE_BUILD
from harness.collector import Message
from harness.http_client import Connection, ask_once, get, request_bytes
from harness.server import Server
from harness.starter import Starter
from harness.traces import Context, Tracing, new_context, unique_path

TESTED_BUILDS = ONE_BUILD

HEALTH = "/api/v1/health"
SECRET = "hunter2"
LONG = "N" * 200


@pytest.fixture(scope="module")
def tracing(start_shared: Starter, server: Server) -> Tracing:
    return Tracing(start_shared, server)


def span_after(tracing: Tracing, context: Context, request: bytes, status: int) -> Message:
    """Makes the request; returns the only span of its trace."""
    assert ask_once(tracing.port, request).status == status
    (span,) = tracing.await_spans(context, 1)
    return span


@pytest.mark.quick
@pytest.mark.parametrize(
    ("method", "known", "original"),
    [
        ("QUERY", "QUERY", None),
        ("PROPFIND", "_OTHER", "PROPFIND"),
        ("PURGE", "_OTHER", "PURGE"),
        ("M-SEARCH", "_OTHER", "M-SEARCH"),
        # A token that is no name of a method may be a secret.
        ("get", "_OTHER", None),
        ("X" * 31, "_OTHER", "X" * 31),
        ("X" * 40, "_OTHER", "X" * 32 + "…"),
    ],
)
def test_methods(tracing: Tracing, method: str, known: str, original: str | None) -> None:
    """An unknown method is _OTHER, with its own name in an attribute; a long name is cut."""
    context = new_context()
    lost = tracing.tool.scrape().losses().get("url_path", 0)
    span = span_after(tracing, context, request_bytes(method, HEALTH, context.header()), 405)
    attributes = span["attributes"]
    assert span["name"] == (f"HTTP {HEALTH}" if known == "_OTHER" else f"HTTP {known} {HEALTH}")
    assert attributes["http.request.method"] == known
    assert attributes.get("http.request.method_original") == original
    assert attributes["http.route"] == HEALTH
    if len(method) < 32:
        assert attributes["url.path"] == HEALTH
    else:
        assert "url.path" not in attributes
        lost += 1
    assert tracing.tool.scrape().losses().get("url_path", 0) == lost


@pytest.mark.quick
@pytest.mark.parametrize(
    ("method", "target", "path", "status"),
    [
        ("GET", f"http://any{HEALTH}", HEALTH, 200),
        ("GET", f"HTTP://user:{SECRET}@any:8080{HEALTH}?token={SECRET}", HEALTH, 200),
        ("POST", f"https://[::1]:80{HEALTH}", HEALTH, 405),
        ("PURGE", f"http://any{HEALTH}", HEALTH, 405),
        ("GET", "http://any", "/", 404),
        ("GET", f"http://user:{SECRET}@any?{SECRET}", "/", 404),
        ("OPTIONS", "*", None, None),
        ("OPTIONS", f"http://any{HEALTH}", HEALTH, None),
        ("CONNECT", f"user:{SECRET}@any:443", None, None),
        ("GET", f"/{LONG}", f"/{LONG}"[:160] + "…", 404),
        ("GET", f"/{LONG}"[:160], f"/{LONG}"[:160], 404),
    ],
)
def test_targets(
    tracing: Tracing, method: str, target: str, path: str | None, status: int | None
) -> None:
    """The path of a target in any form is url.path; neither authority nor query is anywhere."""
    context = new_context()
    with Connection(tracing.port) as connection:
        response = connection.ask(request_bytes(method, target, context.header()))
    assert status in (None, response.status)
    (span,) = tracing.await_spans(context, 1)
    assert span["attributes"].get("url.path") == path
    assert SECRET not in str(span)


@pytest.mark.quick
@pytest.mark.parametrize("lines", [[], ["X-Filler: " + "f" * 9000], ["X-Big: " + "b" * 60000] * 2])
def test_long_heads(tracing: Tracing, lines: list[str]) -> None:
    """Of a head that was searched to its end nothing is lost, wherever the headers are in it."""
    before = tracing.tool.scrape()
    contexts = [new_context() for _ in range(4)]
    heads = [
        get(HEALTH, contexts[0].header(), *lines),
        get(HEALTH, *lines, contexts[1].header()),
        get(HEALTH, contexts[2].header(), *lines, "tracestate: a=1"),
        request_bytes("POST", HEALTH, *lines, contexts[3].header(), body=b"b" * 500),
    ]
    for head in heads:
        ask_once(tracing.port, head)
    for context in contexts:
        (span,) = tracing.await_spans(context, 1)
        assert span["parentSpanId"] == context.parent_id
    after = tracing.tool.scrape()
    assert after.losses() == before.losses()
    assert after.requests().total() == before.requests().total() + 4


@pytest.mark.quick
@pytest.mark.parametrize("count", [1, 30, 33, 2000])
def test_empty_lines_before_a_request(tracing: Tracing, count: int) -> None:
    """A server ignores empty lines before a request (RFC 9112 section 2.2)."""
    context = new_context()
    request = b"\r\n" * count + get(HEALTH, context.header())
    span = span_after(tracing, context, request, 200)
    assert span["name"] == f"HTTP GET {HEALTH}"
    assert span["attributes"]["url.path"] == HEALTH


@pytest.mark.parametrize("spaces", [0, 8, 9, 200])
def test_white_space_around_a_context(tracing: Tracing, spaces: int) -> None:
    """White space around a header's value is no part of it, however much there is."""
    context = new_context()
    header = f"traceparent:{' ' * spaces}{context.value()}{' ' * spaces}"
    span = span_after(tracing, context, get(unique_path(), header), 404)
    assert span["parentSpanId"] == context.parent_id


def test_white_space_without_end(tracing: Tracing) -> None:
    """A context behind more white space than the tool skips is a counted loss."""
    before = tracing.tool.scrape().losses().get("trace_headers", 0)
    assert ask_once(tracing.port, get(HEALTH, f"traceparent:{' ' * 300}x")).status == 200
    assert tracing.tool.scrape().losses().get("trace_headers", 0) == before + 1
