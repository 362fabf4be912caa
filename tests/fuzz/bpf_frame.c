// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The frames of a websocket's client. The input: the size of a page, then for each frame the number of bytes
 * that have arrived, in two bytes, and the bytes. */

#include "fuzz.h"
#include "kernel.h"
#include "pages.h"

#include "websocket/frame_in.bpf.h"

static struct counters native_counters;

static void *native_lookup(const void *map)
{
	return map == &counters ? &native_counters : NULL;
}

/* A frame by RFC 6455, section 5.2. */
struct frame {
	bool is_head_whole, is_final, is_reserved, is_masked;
	int opcode;
	uint8_t mask[4];
	size_t head_size;
	uint64_t payload_size;
	const uint8_t *payload;
	size_t payload_arrived;
};

static struct frame parse(const uint8_t *bytes, size_t size)
{
	struct fuzz_input rest = {bytes, size};
	struct frame frame = {0};
	uint8_t first = fuzz_byte(&rest), second = fuzz_byte(&rest);
	int extra = (second & 127) == 126 ? 2 : (second & 127) == 127 ? 8 : 0;

	frame.is_final = first >> 7;
	frame.is_reserved = (first >> 4 & 7) != 0;
	frame.opcode = first & 15;
	frame.is_masked = second >> 7;
	frame.head_size = 2 + (size_t)extra + (frame.is_masked ? 4 : 0);
	frame.is_head_whole = size >= frame.head_size;
	frame.payload_size = extra ? 0 : second & 127;
	for (int i = 0; i < extra; i++)
		frame.payload_size = frame.payload_size << 8 | fuzz_byte(&rest);
	for (int i = 0; frame.is_masked && i < 4; i++)
		frame.mask[i] = fuzz_byte(&rest);
	frame.payload = rest.bytes;
	frame.payload_arrived = rest.size;
	return frame;
}

static bool is_ascii(const struct frame *frame)
{
	for (size_t i = 0; i < frame->payload_size; i++) {
		if ((frame->payload[i] ^ frame->mask[i % 4]) & 0x80)
			return false;
	}
	return true;
}

/* What is known of a connection's messages, by its frames in order. */
struct expected {
	bool in_message;
	bool is_text; /* that message */
	bool is_pending, is_whole, is_valid;
};

static void take_frame(struct expected *expected, const struct frame *frame)
{
	bool is_within = expected->in_message && frame->opcode != OPCODE_CONTINUED;

	if (!frame->is_head_whole || frame->is_reserved || frame->opcode > OPCODE_BINARY)
		return;
	if (frame->opcode != OPCODE_CONTINUED)
		expected->is_text = frame->opcode == OPCODE_TEXT;
	expected->is_whole = expected->is_valid = false;
	expected->in_message = !frame->is_final;
	if (!frame->is_final)
		return;
	if (expected->is_text) {
		bool has_mask = frame->mask[0] | frame->mask[1] | frame->mask[2] | frame->mask[3];

		expected->is_pending = true;
		expected->is_whole =
			!is_within && has_mask && frame->payload_arrived >= frame->payload_size;
		expected->is_valid = expected->is_whole && frame->opcode == OPCODE_TEXT &&
				     frame->payload_size <= ASCII_BYTES && is_ascii(frame);
	}
	expected->is_text = false;
}

static uint64_t losses(void)
{
	return native_counters.drops[DROP_READ_FAULT] +
	       native_counters.checks[CHECK_REQUEST_UNKNOWN];
}

static void check_state(const struct task_session *session, const struct expected *expected,
			bool faults)
{
	uint8_t flags = (uint8_t)fuzz_answer(session->message_flags);
	uint8_t wanted = (uint8_t)((expected->in_message ? FRAGMENTS : 0) |
				   (expected->is_text ? FRAGMENTS_TEXT : 0) |
				   (expected->is_pending ? MESSAGE_PENDING : 0) |
				   (expected->is_whole ? MESSAGE_WHOLE : 0) |
				   (expected->is_valid ? MESSAGE_VALID : 0));

	/* An unreadable payload is not known to be valid, which is counted if no frame follows. */
	if (faults)
		wanted &= (uint8_t)(flags | ~MESSAGE_VALID);
	fuzz_check(flags == wanted, "flags %#x, not %#x", flags, wanted);
}

/* Handles the frames of the input; the memory of one frame after another exists. A page of one of them cannot
 * be read: `fault` counts the pages of all frames. Returns the number of pages. */
static size_t run(struct fuzz_input input, size_t page_bytes, size_t fault)
{
	struct task_session session = {0};
	struct expected expected = {0};
	size_t pages_seen = 0;

	memset(&native_counters, 0, sizeof(native_counters));
	while (input.size > 2) {
		size_t arrived = fuzz_number(&input, 2);
		struct fuzz_input part = fuzz_part(&input, arrived);
		struct pages pages = pages_make(part.bytes, part.size, page_bytes);
		struct frame frame = parse(part.bytes, part.size);
		bool faults = false;

		while (!faults && pages_fault_next(&pages))
			faults = ++pages_seen == fault;
		if (!faults)
			native_fault_from = native_fault_until = 0;
		handle_frame(&session, pages.address, pages.size);
		pages_free(&pages);
		/* A frame whose head was not read is lost, which is counted. */
		if (faults && native_counters.drops[DROP_READ_FAULT])
			break;
		take_frame(&expected, &frame);
		check_state(&session, &expected, faults);
		/* Where the frame is the last one, its valid message may be uncounted: end here. */
		if (faults)
			break;
	}
	fuzz_check(session.request != REQUEST_LOG_STREAM_SERVED, "a request is served");
	fuzz_check(fault || !native_counters.drops[DROP_READ_FAULT], "%zu losses",
		   (size_t)losses());
	return pages_seen;
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	size_t page_bytes = fuzz_byte(&input) + 1U;
	size_t count = run(input, page_bytes, 0);

	for (size_t fault = 1; fault <= count && fault <= PAGES_MOST; fault++)
		run(input, page_bytes, fault);
}
