/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_PATHS_H
#define SCOTTYSCOPE_PLAN_PATHS_H

/* Starts of Rust paths that several rows of the catalogue have. */

#define STATE	       "tokio::runtime::task::state::State::"
#define SCHEDULER      "tokio::runtime::scheduler::multi_thread::handle::Handle::"
#define WORKER_LOOP    "tokio::runtime::scheduler::multi_thread::worker::run"
#define LOCAL_SCHEDULE "tokio::task::local::Shared::schedule"
#define HTTP1	       "<hyper::proto::h1::role::Server as hyper::proto::h1::Http1Transaction>::"
#define FRAMES	       "tungstenite::protocol::frame::frame::"
#define RECORD                                              \
	"<scotty::metrics::otel_recorder::OtelRecorder as " \
	"scotty::metrics::recorder_trait::MetricsRecorder>::record_"

#endif
