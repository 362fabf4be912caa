#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# hyper does not send every response that a service returns, and the service is not told.
#
# An observer of a server's handlers, or of a middleware such as tower-http's TraceLayer, takes the status of the
# returned response for the one that the client gets. hyper decides later, when it encodes the head:
#
# - An informational status (here 103) is replaced by 500, and the connection is closed afterwards.
# - With two different Content-Length headers and a streamed body, hyper takes the encoded head back and closes the
#   connection. The client gets no byte.
#
# The service is not told. The future of the connection returns an error, which axum's serve() ignores.
#
# Seen with hyper 1.8.1 and 1.12.0 (the script uses 1.8.1), rustc 1.95.0. Output seen:
#
#   103: the service returned 103, the client got "HTTP/1.1 500 Internal Server Error", the connection returned an error
#   lengths: the service returned 200, the client got "", the connection returned an error
#
# Needs cargo. Fails if the behaviour is another one.

set -eu

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
mkdir src

cat >Cargo.toml <<'END'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
bytes = "1"
http-body-util = "=0.1.3"
hyper = { version = "=1.8.1", features = ["http1", "server"] }
hyper-util = { version = "=0.1.18", features = ["tokio"] }
tokio = { version = "=1.48.0", features = ["io-util", "macros", "rt"] }
END

cat >src/main.rs <<'END'
use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A body whose length hyper cannot know.
struct Unsized(Full<Bytes>);

impl Body for Unsized {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        std::pin::Pin::new(&mut self.0).poll_frame(context)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let body = Unsized(Full::new(Bytes::from_static(b"hello"))).boxed();
    Ok(match request.uri().path() {
        "/103" => Response::builder().status(103).body(body).unwrap(),
        _ => Response::builder()
            .header("content-length", "5")
            .header("content-length", "6")
            .body(body)
            .unwrap(),
    })
}

/// Sends one request. Prints the first line of what the client got and what the connection's future returned.
async fn expect(path: &str, status: u16, line: &str) {
    let (mut client, server) = tokio::io::duplex(4096);
    let io = hyper_util::rt::TokioIo::new(server);
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(io, service_fn(answer));
    let task = tokio::spawn(connection);
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    let mut got = String::new();
    client.read_to_string(&mut got).await.unwrap();
    let is_error = task.await.unwrap().is_err();
    let got = got.lines().next().unwrap_or("");
    println!(
        "{}: the service returned {status}, the client got {got:?}, the connection returned {}",
        &path[1..],
        if is_error { "an error" } else { "no error" }
    );
    assert_eq!(got, line);
    assert!(is_error);
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    expect("/103", 103, "HTTP/1.1 500 Internal Server Error").await;
    expect("/lengths", 200, "").await;
}
END

cargo run --quiet
