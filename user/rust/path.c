// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The normal form is made from the demangled text. In that text a path is a sequence of identifiers joined
 * by "::", with lists in brackets between them. */

#include "rust/path.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* The recursion is as deep as types are nested; real types are nested some dozen levels. */
#define DEPTH_MAX 200

#define CLOSURE	      "{{closure}}"
#define DROP_IN_PLACE "core::ptr::drop_in_place"
#define DROP_GLUE     "core::ptr::drop_glue"

struct slice {
	const char *start;
	const char *end;
};

static int rewrite(struct slice in, struct buffer *out, unsigned int depth);

static bool starts_with(struct slice in, const char *prefix)
{
	size_t length = strlen(prefix);

	return (size_t)(in.end - in.start) >= length && memcmp(in.start, prefix, length) == 0;
}

static int append(struct buffer *out, const char *text)
{
	return buffer__append(out, text, strlen(text));
}

/* Whether the '>' at `at` is the second half of "->", which legacy mangling spells ".>". */
static bool is_arrow(const char *start, const char *at)
{
	return at > start && (at[-1] == '-' || at[-1] == '.');
}

/* Returns the '>' that closes the '<' at the start of `in`; NULL if there is none. */
static const char *closing_bracket(struct slice in)
{
	size_t depth = 0;

	for (const char *at = in.start; at < in.end; at++) {
		if (*at == '<')
			depth++;
		else if (*at == '>' && !is_arrow(in.start, at) && --depth == 0)
			return at;
	}
	return NULL;
}

/* Returns the first `word` outside brackets; NULL if there is none. */
static const char *find_outside_brackets(struct slice in, const char *word)
{
	size_t depth = 0;

	for (const char *at = in.start; at < in.end; at++) {
		if (strchr("<([{", *at))
			depth++;
		else if (strchr(">)]}", *at) && !(*at == '>' && is_arrow(in.start, at)))
			depth -= depth > 0;
		else if (depth == 0 && starts_with((struct slice){at, in.end}, word))
			return at;
	}
	return NULL;
}

const char *rust_path__argument_end(const char *argument)
{
	const char *at = argument;
	size_t depth = 0;

	for (; *at && !(depth == 0 && *at == ','); at++) {
		if (strchr("<([{", *at)) {
			depth++;
		} else if (strchr(">)]}", *at) && !(*at == '>' && is_arrow(argument, at))) {
			if (depth == 0)
				break;
			depth--;
		}
	}
	return depth == 0 ? at : NULL;
}

/* Returns the '<' of the argument list at the end of `in`; NULL if `in` does not end with a list. */
static const char *final_list(struct slice in)
{
	for (const char *at = in.start; at < in.end; at++) {
		const char *close;

		if (*at != '<')
			continue;
		close = closing_bracket((struct slice){at, in.end});
		if (!close)
			return NULL;
		if (close + 1 == in.end)
			return at > in.start ? at : NULL;
		at = close;
	}
	return NULL;
}

/* Rewrites a type without its own arguments: legacy names write the arguments as declared (`T`), v0 names
 * as given. */
static int rewrite_bare(struct slice in, struct buffer *out, unsigned int depth)
{
	const char *list = final_list(in);

	return rewrite((struct slice){in.start, list ? list : in.end}, out, depth);
}

static int rewrite_implementation(struct slice type, struct slice trait, struct buffer *out,
				  unsigned int depth)
{
	int r = append(out, "<");

	if (r == 0)
		r = rewrite_bare(type, out, depth);
	if (r == 0)
		r = append(out, " as ");
	if (r == 0)
		r = rewrite_bare(trait, out, depth);
	return r < 0 ? r : append(out, ">");
}

/* Rewrites the text in brackets at the start of a path: "Type" or "Type as Trait". */
static int rewrite_self(struct slice in, struct buffer *out, unsigned int depth)
{
	const char *as = find_outside_brackets(in, " as ");

	if (!as)
		return rewrite_bare(in, out, depth);
	return rewrite_implementation((struct slice){in.start, as}, (struct slice){as + 4, in.end},
				      out, depth);
}

/* Rewrites what legacy names have for an implementation outside its type's module: `in` is "Type" or
 * "Trait for Type". */
static int rewrite_impl(struct slice in, struct buffer *out, unsigned int depth)
{
	const char *of = find_outside_brackets(in, " for ");

	if (!of)
		return rewrite_bare(in, out, depth);
	return rewrite_implementation((struct slice){of + 5, in.end}, (struct slice){in.start, of},
				      out, depth);
}

static bool is_drop(struct slice path)
{
	size_t length = (size_t)(path.end - path.start);

	return (length == strlen(DROP_IN_PLACE) && starts_with(path, DROP_IN_PLACE)) ||
	       (length == strlen(DROP_GLUE) && starts_with(path, DROP_GLUE));
}

/* Rewrites the list in brackets at `in.start`. The list follows the path that `out` holds from
 * `path_start` on; `is_turbofish`: "::" stands before the list. Sets `*ret_next` to the text after the
 * list. */
static int rewrite_list(struct slice in, struct buffer *out, size_t path_start, bool is_turbofish,
			const char **ret_next, unsigned int depth)
{
	const char *close = closing_bracket(in);

	if (!close)
		return -EINVAL;

	struct slice inner = {in.start + 1, close};
	bool is_final = !starts_with((struct slice){close + 1, in.end}, "::");

	*ret_next = close + 1;
	if (is_turbofish && starts_with(inner, "impl ")) {
		buffer__truncate(out, path_start);
		inner.start += strlen("impl ");
		return rewrite_impl(inner, out, depth);
	}

	int r = 0;

	/* Before the first byte, `out` has no memory. */
	if (is_final && out->length > path_start &&
	    is_drop((struct slice){out->bytes + path_start, out->bytes + out->length})) {
		buffer__truncate(out, path_start);
		r = append(out, DROP_IN_PLACE);
	} else if (!is_final || is_turbofish) {
		return 0;
	}
	if (r == 0)
		r = append(out, "<");
	if (r == 0)
		r = rewrite(inner, out, depth);
	return r < 0 ? r : append(out, ">");
}

/* Returns the length of "{closure#3}" or "{closure}" at the start of `in`; 0 if `in` starts otherwise. */
static size_t closure_length(struct slice in)
{
	if (starts_with(in, CLOSURE))
		return strlen(CLOSURE);
	if (!starts_with(in, "{closure#") && !starts_with(in, "{closure}"))
		return 0;

	const char *close = memchr(in.start, '}', (size_t)(in.end - in.start));

	return close ? (size_t)(close + 1 - in.start) : 0;
}

/* Returns the length of the text up to the next byte that rewrite() handles, at least 1. A byte after which a new path
 * begins is the last one of the text. */
static size_t plain_length(struct slice in)
{
	const char *at = in.start;

	while (at < in.end && !strchr(" ([&*;=+!:<{,", *at))
		at++;
	return at > in.start ? (size_t)(at - in.start) : 1;
}

static int rewrite(struct slice in, struct buffer *out, unsigned int depth)
{
	size_t path_start = out->length;
	int r = 0;

	if (depth > DEPTH_MAX)
		return -EINVAL;
	while (in.start < in.end && r == 0) {
		bool at_path_start = out->length == path_start;
		bool is_turbofish = starts_with(in, "::<");
		size_t closure = closure_length(in);

		if (is_turbofish || (*in.start == '<' && !at_path_start)) {
			in.start += is_turbofish ? 2 : 0;
			r = rewrite_list(in, out, path_start, is_turbofish, &in.start, depth + 1);
		} else if (*in.start == '<') {
			const char *close = closing_bracket(in);

			if (!close)
				return -EINVAL;
			r = rewrite_self((struct slice){in.start + 1, close}, out, depth + 1);
			in.start = close + 1;
		} else if (closure) {
			r = append(out, CLOSURE);
			in.start += closure;
		} else if (*in.start == ',') {
			r = append(out, ", ");
			in.start += starts_with(in, ", ") ? 2 : 1;
			path_start = out->length;
		} else {
			size_t plain = plain_length(in);

			r = buffer__append(out, in.start, plain);
			if (strchr(" ([&*;=+!", in.start[plain - 1]))
				path_start = out->length;
			in.start += plain;
		}
	}
	return r;
}

uint64_t rust_path__work(const char *path, size_t length)
{
	uint64_t depth = 0, deepest = 0;

	for (size_t i = 0; i < length && deepest < DEPTH_MAX; i++) {
		if (path[i] == '<')
			deepest = ++depth > deepest ? depth : deepest;
		else if (path[i] == '>' && !is_arrow(path, path + i) && depth > 0)
			depth--;
	}
	return (deepest + 1) * length;
}

int rust_path__normalise(const char *path, size_t length, struct buffer *normal)
{
	return rewrite((struct slice){path, path + length}, normal, 0);
}

const char *rust_path__generics(const char *path, size_t length, size_t *ret_length)
{
	struct slice in = {path, path + length};
	const char *list = final_list(in);

	if (!list || list - path < 2 || memcmp(list - 2, "::", 2) != 0 ||
	    is_drop((struct slice){path, list - 2}))
		return NULL;
	*ret_length = (size_t)(in.end - list) - 2;
	return list + 1;
}
