// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdio.h>

#include "native.h"

#include "base/array.h"
#include "scotty/message_type.bpf.h"

#define UUID "\"0b8a1bd4-5b5c-4d7a-9c38-1d6b4e3d7f10\""
#define LINES                                                                               \
	"[{\"timestamp\":\"2026-01-02T03:04:05Z\",\"stream\":\"Stdout\",\"content\":\"x\"," \
	"\"sequence\":0}]"
#define END(code, reason)                                                                       \
	"{\"type\":\"ShellSessionEnded\",\"data\":{\"session_id\":" UUID ",\"exit_code\":" code \
	",\"reason\":\"" reason "\"}}"

/* Each message of Scotty's protocol, as serde_json writes it. */
static const struct sample {
	const char *text;
	int type;
} samples[] = {
	{"{\"type\":\"Ping\"}", MESSAGE_OTHER},
	{"{\"type\":\"Pong\"}", MESSAGE_OTHER},
	{"{\"type\":\"AppListUpdated\"}", MESSAGE_OTHER},
	{"{\"type\":\"AppInfoUpdated\",\"data\":\"blog\"}", MESSAGE_OTHER},
	{"{\"type\":\"TaskListUpdated\"}", MESSAGE_OTHER},
	{"{\"type\":\"TaskInfoUpdated\",\"data\":{\"id\":" UUID
	 ",\"command\":\"docker-compose up\",\"state\":\"Running\",\"finish_time\":null}}",
	 MESSAGE_OTHER},
	{"{\"type\":\"Error\",\"data\":\"ShellSessionError\"}", MESSAGE_ERROR},
	{"{\"type\":\"Authenticate\",\"data\":{\"token\":\"secret\"}}", MESSAGE_OTHER},
	{"{\"type\":\"AuthenticationSuccess\"}", MESSAGE_OTHER},
	{"{\"type\":\"AuthenticationFailed\",\"data\":{\"reason\":\"Invalid or expired token\"}}",
	 MESSAGE_AUTHENTICATION_FAILED},
	{"{\"type\":\"AuthenticationFailed\",\"data\":{\"reason\":\"\"}}",
	 MESSAGE_AUTHENTICATION_FAILED},
	{"{\"type\":\"StartLogStream\",\"data\":{\"app_name\":\"blog\",\"service_name\":\"web\","
	 "\"follow\":true,\"lines\":100}}",
	 MESSAGE_OTHER},
	{"{\"type\":\"StopLogStream\",\"data\":{\"stream_id\":" UUID "}}", MESSAGE_OTHER},
	{"{\"type\":\"LogsStreamStarted\",\"data\":{\"stream_id\":" UUID
	 ",\"app_name\":\"blog\",\"service_name\":\"web\",\"follow\":false}}",
	 MESSAGE_OTHER},
	{"{\"type\":\"LogsStreamData\",\"data\":{\"stream_id\":" UUID ",\"lines\":" LINES "}}",
	 MESSAGE_LOG_LINES},
	{"{\"type\":\"LogsStreamEnded\",\"data\":{\"stream_id\":" UUID ",\"reason\":\"end\"}}",
	 MESSAGE_OTHER},
	{"{\"type\":\"LogsStreamError\",\"data\":{\"stream_id\":" UUID ",\"error\":\"gone\"}}",
	 MESSAGE_LOG_ERROR},
	{"{\"type\":\"CreateShellSession\",\"data\":{\"app_name\":\"blog\",\"service_name\":"
	 "\"web\",\"shell_command\":null}}",
	 MESSAGE_OTHER},
	{"{\"type\":\"ResizeShellTty\",\"data\":{\"session_id\":" UUID
	 ",\"width\":80,\"height\":24}}",
	 MESSAGE_OTHER},
	{"{\"type\":\"TerminateShellSession\",\"data\":{\"session_id\":" UUID "}}", MESSAGE_OTHER},
	{"{\"type\":\"ShellSessionCreated\",\"data\":{\"session_id\":" UUID
	 ",\"app_name\":\"blog\",\"service_name\":\"web\",\"container_id\":\"c\",\"shell_command\":"
	 "\"/bin/sh\"}}",
	 MESSAGE_OTHER},
	{"{\"type\":\"ShellSessionData\",\"data\":{\"session_id\":" UUID
	 ",\"data_type\":\"Output\",\"data\":\"Session timeout\"}}",
	 MESSAGE_OTHER},
	{END("0", "Shell exited"), MESSAGE_SHELL_ENDED},
	{END("null", "Terminated by user"), MESSAGE_SHELL_ENDED},
	{END("null", "Session timeout"), MESSAGE_SHELL_TIMED_OUT},
	{"{\"type\":\"ShellSessionError\",\"data\":{\"session_id\":" UUID
	 ",\"error\":\"Session timeout\"}}",
	 MESSAGE_SHELL_ERROR},
	{"{\"type\":\"StartTaskOutputStream\",\"data\":{\"task_id\":" UUID
	 ",\"from_beginning\":true}}",
	 MESSAGE_OTHER},
	{"{\"type\":\"StopTaskOutputStream\",\"data\":{\"task_id\":" UUID "}}", MESSAGE_OTHER},
	{"{\"type\":\"TaskOutputStreamStarted\",\"data\":{\"task_id\":" UUID ",\"total_lines\":7}}",
	 MESSAGE_OTHER},
	{"{\"type\":\"TaskOutputData\",\"data\":{\"task_id\":" UUID ",\"lines\":" LINES
	 ",\"is_historical\":true,\"has_more\":false}}",
	 MESSAGE_TASK_OUTPUT_LINES},
	{"{\"type\":\"TaskOutputStreamEnded\",\"data\":{\"task_id\":" UUID
	 ",\"reason\":\"completed\"}}",
	 MESSAGE_OTHER},
};
#define SAMPLE_COUNT (ARRAY_SIZE(samples))

static int type_of(const char *text, size_t length)
{
	char *memory = native_memory(text, length);
	int type = message_type_of(native_address(memory), length);

	native_free(memory);
	return type;
}

Test(bpf_message, each_type_of_the_protocol_is_recognized)
{
	for (size_t i = 0; i < SAMPLE_COUNT; i++)
		cr_assert_eq(type_of(samples[i].text, strlen(samples[i].text)), samples[i].type,
			     "%s", samples[i].text);
}

/* Number of bytes up to the quote after a message's type. */
static size_t type_bytes(const char *text)
{
	return (size_t)(strchr(text + TYPE_PREFIX_BYTES, '"') + 1 - text);
}

Test(bpf_message, a_type_with_one_other_byte_is_not_recognized)
{
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		size_t length = strlen(samples[i].text);
		char *text;

		if (samples[i].type == MESSAGE_OTHER)
			continue;
		text = native_memory(samples[i].text, length);
		for (size_t at = 0; at < type_bytes(samples[i].text); at++) {
			for (int change = 1; change < 256; change++) {
				text[at] = (char)(samples[i].text[at] ^ change);
				cr_assert_eq(message_type_of(native_address(text), length),
					     MESSAGE_OTHER, "%.*s", (int)length, text);
			}
			text[at] = samples[i].text[at];
		}
		free(text);
	}
}

/* A truncated message keeps its type if the type is complete; no byte after its end is read. */
Test(bpf_message, a_message_too_short_for_data_is_ignored)
{
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		const char *text = samples[i].text;
		int whole = samples[i].type;

		for (size_t length = 0; length < strlen(text); length++) {
			int expected = length < TYPE_PREFIX_BYTES + 24 ? MESSAGE_OTHER : whole;

			if (expected == MESSAGE_SHELL_TIMED_OUT)
				expected = MESSAGE_SHELL_ENDED;
			cr_assert_eq(type_of(text, length), expected, "%.*s", (int)length, text);
		}
	}
}

Test(bpf_message, messages_in_another_format_are_ignored)
{
	static const char *const texts[] = {
		"{ \"type\":\"ShellSessionError\",\"data\":{\"session_id\":" UUID "}}",
		"{\"type\": \"ShellSessionError\",\"data\":{\"session_id\":" UUID "}}",
		"{\"data\":{\"session_id\":" UUID "},\"type\":\"ShellSessionError\"}",
		"{\"type\":\"Errors\",\"data\":\"ShellSessionError\"}",
		"{\"type\":\"ShellSessionErrors\",\"data\":{\"session_id\":" UUID "}}",
		"{\"type\":\"ShellSessionEnd\",\"data\":{\"session_id\":" UUID "}}",
		"{\"type\":\"LogsStreamDatas\",\"data\":{\"stream_id\":" UUID "}}",
		"{\"type\":\"LogStreamError\",\"data\":{\"stream_id\":" UUID "}}",
		"{\"type\":\"TaskOutputDat\",\"data\":{\"task_id\":" UUID "}}",
		"{\"type\":\"authenticationFailed\",\"data\":{\"reason\":\"\"}}",
		"[{\"type\":\"AuthenticationFailed\",\"data\":{\"reason\":\"\"}}]",
		"{\"Type\":\"AuthenticationFailed\",\"data\":{\"reason\":\"\"}}",
		"\"{\\\"type\\\":\\\"AuthenticationFailed\\\",\\\"data\\\":null}\"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		cr_assert_eq(type_of(texts[i], strlen(texts[i])), MESSAGE_OTHER, "%s", texts[i]);
}

Test(bpf_message, only_the_reason_session_timeout_is_a_timeout)
{
	static const char *const ends[] = {
		END("null", "Session timeout."),
		END("null", "Session timeout "),
		END("null", "Session timeou"),
		END("null", "session Timeout"),
		END("null", "timeout"),
		END("null", "Session timeout\\\""),
		END("null", "Session timeout (limit)"),
		END("null", ""),
		END("1", "Session timeout\"}}, and so"),
		END("null", "Session timeout") " ",
	};

	cr_assert_eq(type_of(END("1", "Session timeout"), strlen(END("1", "Session timeout"))),
		     MESSAGE_SHELL_TIMED_OUT);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		cr_assert_eq(type_of(ends[i], strlen(ends[i])), MESSAGE_SHELL_ENDED, "%s", ends[i]);
}

Test(bpf_message, unreadable_messages_have_no_type)
{
	static const char text[] = END("null", "Session timeout");
	uint64_t at = native_address(text);

	for (size_t readable = 1; readable < sizeof(text) - 1; readable++) {
		native_fault_from = at + readable;
		cr_assert_eq(message_type_of(at, sizeof(text) - 1), MESSAGE_UNREAD, "%zu bytes",
			     readable);
	}
	native_fault_from = at + sizeof(text) - 1;
	cr_assert_eq(message_type_of(at, sizeof(text) - 1), MESSAGE_SHELL_TIMED_OUT);
	native_fault_from = 0;
	cr_assert_eq(message_type_of(at, 0), MESSAGE_OTHER);
}
