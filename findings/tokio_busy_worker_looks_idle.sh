#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# tokio's worker_total_busy_duration() does not grow while a worker is busy with one poll.
#
# The metric is the obvious source for the utilisation of workers: the growth in a second is taken for the part of the
# second in which the worker ran tasks. tokio adds to it when the worker parks and when it has run some dozens of tasks
# since. So a worker that is stuck in one long poll, the fault that the metric is watched for, looks idle, and the whole
# time is added at once afterwards: a rate above 100 %.
#
# Seen with tokio 1.48.0 and 1.54.1 (the script uses 1.48.0), rustc 1.95.0. Output seen:
#
#   busy for 1000 ms: the metric grew by 0 ms during the poll, by 1000 ms in the 100 ms after the poll
#
# Remedy: do not take a rate over less than the longest poll; watch the duration of polls beside the metric.
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
tokio = { version = "=1.48.0", features = ["rt-multi-thread"] }
END

cat >src/main.rs <<'END'
use std::thread::sleep;
use std::time::Duration;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let metrics = runtime.metrics();
    let busy = || metrics.worker_total_busy_duration(0).as_millis();

    sleep(Duration::from_millis(100));
    let before = busy();
    let task = runtime.spawn(async { sleep(Duration::from_millis(1000)) });
    sleep(Duration::from_millis(900));
    let during = busy() - before;
    runtime.block_on(task).unwrap();
    sleep(Duration::from_millis(100));
    let after = busy() - before - during;
    println!(
        "busy for 1000 ms: the metric grew by {during} ms during the poll, by {after} ms in the \
         100 ms after the poll"
    );
    assert!(during < 50);
    assert!(after >= 1000);
}
END

cargo run --quiet
