// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>

#include "ring/ring.h"

const char *ring_method_name(enum http_method method)
{
	static const char *const names[METHOD_COUNT] = {
#define X(identifier, name) [METHOD_##identifier] = name,
		METHOD_LIST(X)
#undef X
	};

	return method < METHOD_COUNT ? names[method] : names[METHOD_OTHER];
}

int ring_decode_http_request(const void *bytes, size_t size, struct ring_http_request *ret_request)
{
	struct record_http_request record;
	size_t length;

	if (size < sizeof(record))
		return -EPROTO;
	memcpy(&record, bytes, sizeof(record));
	if (record.header.kind != RECORD_HTTP_REQUEST || record.header.version != WIRE_VERSION ||
	    record.header.size != sizeof(record))
		return -EPROTO;
	if (record.method >= METHOD_COUNT || record.end_ns < record.start_ns ||
	    record.url_path_length > URL_PATH_BYTES || record.status > 999 ||
	    (record.status < 100 && record.status != HTTP_STATUS_ABORTED &&
	     record.status != HTTP_STATUS_UNKNOWN))
		return -EPROTO;

	length = record.url_path_length;
	*ret_request = (struct ring_http_request){
		.start_ns = record.start_ns,
		.end_ns = record.end_ns,
		.route = record.route,
		.task = record.task,
		.status = record.status,
		.method = (enum http_method)record.method,
		/* The kernel side fills its room and no more: a full room may have been cut. */
		.url_path_cut = length == URL_PATH_BYTES,
	};
	memcpy(ret_request->url_path, record.url_path, length);
	ret_request->url_path[length] = '\0';
	return 0;
}
