// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rust/demangle.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "rust/path.h"

struct sample {
	const char *mangled;
	const char *path;
};

static void check(const struct sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *path = rust_demangle_path(samples[i].mangled);

		cr_expect(path, "%s", samples[i].mangled);
		if (path)
			cr_expect_str_eq(path, samples[i].path, "%s\n  is %s\n  not %s",
					 samples[i].mangled, path, samples[i].path);
	}
}

#define CHECK(samples) check(samples, ARRAY_SIZE(samples))

/* Names that rustc 1.95 wrote, and that Scotty's binary has. */
Test(rust_demangle, legacy)
{
	static const struct sample samples[] = {
		{"_ZN5tokio7runtime4task5state5State18transition_to_idle17h4e04c4bab6c0fb75E",
		 "tokio::runtime::task::state::State::transition_to_idle"},
		{"_ZN4core3ptr61drop_in_place$LT$axum..extract..matched_path..MatchedPath$GT$"
		 "17hba25ed9e4b6750c5E",
		 "core::ptr::drop_in_place<axum::extract::matched_path::MatchedPath>"},
		{"_ZN3lib1m1P3new17ha08f8f25c5762f77E", "lib::m::P::new"},
		{"_ZN3lib1m1P3new17ha08f8f25c5762f77E.llvm.1256820065749067636", "lib::m::P::new"},
		/* arguments of an implementation's type, as declared */
		{"_ZN3lib1m10B$LT$T$GT$1f17hce5869502f9a86aaE", "lib::m::B::f"},
		/* an implementation outside of its type's module */
		{"_ZN3lib1w27_$LT$impl$u20$lib..m..P$GT$9elsewhere17h203942980d201924E",
		 "lib::m::P::elsewhere"},
		{"_ZN3lib4main28_$u7b$$u7b$closure$u7d$$u7d$17h2266f0dc85d41721E",
		 "lib::main::{{closure}}"},
		{"_ZN4core3ptr59drop_in_place$LT$lib..main..$u7b$$u7b$closure$u7d$$u7d$$GT$"
		 "17h72702ef336c01c4eE",
		 "core::ptr::drop_in_place<lib::main::{{closure}}>"},
		{"_ZN4core3ptr74drop_in_place$LT$lib..m..B$LT$u16$GT$..af.."
		 "$u7b$$u7b$closure$u7d$$u7d$$GT$17h53461ca3380a5ee5E",
		 "core::ptr::drop_in_place<lib::m::B::af::{{closure}}>"},
		/* since 1.97 */
		{"_ZN4core3ptr55drop_glue$LT$lib..main..$u7b$$u7b$closure$u7d$$u7d$$GT$"
		 "17h65dc3940a34d0c6eE",
		 "core::ptr::drop_in_place<lib::main::{{closure}}>"},
	};

	CHECK(samples);
}

Test(rust_demangle, v0)
{
	static const struct sample samples[] = {
		{"_RNvMs0_NtCsgS0eDBJFJRB_3lib1mNtB5_1P3new", "lib::m::P::new"},
		{"_RNvMs0_NtCsgS0eDBJFJRB_3lib1mNtB5_1P3new.llvm.12568200657490", "lib::m::P::new"},
		{"_RNvMNtCsgS0eDBJFJRB_3lib1mINtB2_1BtE1fB4_", "lib::m::B::f"},
		{"_RNvMNtCsgS0eDBJFJRB_3lib1wNtNtB4_1m1P9elsewhere", "lib::m::P::elsewhere"},
		{"_RNCNvCsgS0eDBJFJRB_3lib4main0B3_", "lib::main::{{closure}}"},
		{"_RINvNtCsgS0eDBJFJRB_3lib1w3genThReENCNvB4_4mains0_0EB4_", "lib::w::gen"},
		{"_RINvNtCsgEmfK2I1SDS_4core3ptr13drop_in_placeNCNvCsgS0eDBJFJRB_3lib4main0EBK_",
		 "core::ptr::drop_in_place<lib::main::{{closure}}>"},
		{"_RINvNtCsgEmfK2I1SDS_4core3ptr13drop_in_placeNCNvMNtCsgS0eDBJFJRB_3lib1mINtBL_"
		 "1BtE"
		 "2af0EBN_",
		 "core::ptr::drop_in_place<lib::m::B::af::{{closure}}>"},
		{"_RINvNtCs8NwYtU1Mohg_4core3ptr9drop_glueNCNvCsc5jZrKmDyTS_3lib4main0EBF_",
		 "core::ptr::drop_in_place<lib::main::{{closure}}>"},
		{"_RINvNtCs8NwYtU1Mohg_4core3ptr9drop_glueINtNtCsbEht8wFNRx7_5alloc5boxed3BoxNtNtCs"
		 "kveIEWJzp2i_12panic_unwind3imp9ExceptionEEB1e_",
		 "core::ptr::drop_in_place<alloc::boxed::Box<panic_unwind::imp::Exception>>"},
		{"_RNvXsq_NtCslNYArtu3iFV_5alloc3vecINtB5_3VecINtNtCsgEmfK2I1SDS_"
		 "4core6option6Option"
		 "hEENtNtBK_3fmt5Debug3fmtCsgS0eDBJFJRB_3lib",
		 "<alloc::vec::Vec as core::fmt::Debug>::fmt"},
		{"_RNvYNCNvNvMNtNtCsgEmfK2I1SDS_4core4task4wakeNtB9_"
		 "8RawWaker4NOOP6VTABLE0INtNtNtBd_"
		 "3ops8function6FnOnceTPuEE9call_onceCsgS0eDBJFJRB_3lib",
		 "<core::task::wake::RawWaker::NOOP::VTABLE::{{closure}} as "
		 "core::ops::function::FnOnce>::call_once"},
	};

	CHECK(samples);
}

/* What both manglings of one function give. */
Test(rust_demangle, same_for_both)
{
	static const struct sample samples[] = {
		{"_ZN85_$LT$hyper..proto..h1..role..Server$u20$as$u20$"
		 "hyper..proto..h1..Http1Transaction$GT$5parse17h0ac715762f7df033E",
		 "_RNvXNtNtNtCs1_5hyper5proto2h14roleNtB2_6ServerNtB4_16Http1Transaction5parse"},
		{"_ZN4core3fmt3num50_$LT$impl$u20$core..fmt..Debug$u20$for$u20$u32$GT$3fmt"
		 "17h0123456789abcdefE",
		 "_RNvXNtNtCs1_4core3fmt3nummNtB4_5Debug3fmt"},
		{"_ZN4core3ptr46drop_in_place$LT$a..Map$LT$a..K$C$a..V$GT$$GT$"
		 "17h0123456789abcdefE",
		 "_RINvNtCs1_4core3ptr13drop_in_placeINtCs2_1a3MapNtBz_1KNtBz_1VEE"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		_cleanup_free_ char *legacy = rust_demangle_path(samples[i].mangled);
		_cleanup_free_ char *v0 = rust_demangle_path(samples[i].path);

		cr_assert(legacy, "%s", samples[i].mangled);
		cr_assert(v0, "%s", samples[i].path);
		cr_expect_str_eq(legacy, v0, "%s\n%s", legacy, v0);
	}
}

Test(rust_demangle, no_rust_symbol)
{
	static const char *const names[] = {
		"",
		"main",
		"_Z3foov",
		"_ZN3foo3barEv",
		"_ZN3foo3bar17h0123456789abcdeE",
		"_R",
		"_RNv",
		"_RNvC",
		"_ZN",
		"_ZN99999999999999999999a17h0123456789abcdefE",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cr_expect_null(rust_demangle_path(names[i]), "%s", names[i]);
		cr_expect_null(rust_demangle_generics(names[i]), "%s", names[i]);
	}
}

Test(rust_demangle, generics)
{
	_cleanup_free_ char *generics =
		rust_demangle_generics("_RINvNtCsgS0eDBJFJRB_3lib1w3genThReENCNvB4_4mains0_0EB4_");
	_cleanup_free_ char *of_type =
		rust_demangle_generics("_RNvMNtCsgS0eDBJFJRB_3lib1mINtB2_1BtE1fB4_");
	_cleanup_free_ char *of_drop = rust_demangle_generics(
		"_RINvNtCs8NwYtU1Mohg_4core3ptr9drop_glueNCNvCsc5jZrKmDyTS_3lib4main0EBF_");
	_cleanup_free_ char *legacy =
		rust_demangle_generics("_ZN3lib1m10B$LT$T$GT$1f17hce5869502f9a86aaE");

	cr_assert_not_null(generics);
	cr_expect_str_eq(generics, "(u8, &str), lib::main::{{closure}}");
	cr_expect_null(of_type);
	cr_expect_null(of_drop);
	cr_expect_null(legacy);
}

static void append_back_reference(char *name, size_t position)
{
	static const char digits[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char reversed[16], *to = name + strlen(name);
	size_t length = 0;

	*to++ = 'B';
	if (position > 0) {
		for (size_t rest = position - 1; rest > 0 || length == 0; rest /= 62)
			reversed[length++] = digits[rest % 62];
		while (length > 0)
			*to++ = reversed[--length];
	}
	*to++ = '_';
	*to = '\0';
}

/* Each tuple is twice the one before: the name stands for 2^60 units. */
Test(rust_demangle, explosive, .timeout = 10)
{
	char name[1024] = "_RINvC1a1f";
	size_t previous = strlen(name) - 2;

	strcat(name, "TuuE");
	for (int i = 0; i < 60; i++) {
		size_t start = strlen(name) - 2;

		strcat(name, "T");
		append_back_reference(name, previous);
		append_back_reference(name, previous);
		strcat(name, "E");
		previous = start;
	}
	strcat(name, "E");
	cr_expect_null(rust_demangle_path(name));

	/* Cut to what fits, it is an ordinary name. */
	_cleanup_free_ char *path = rust_demangle_path("_RINvC1a1fTuuETB8_B8_EE");
	cr_assert_not_null(path);
	cr_expect_str_eq(path, "a::f");
}

/* "<<<...a...>>>", as deep as it takes to use up the stack. */
Test(rust_demangle, deep, .timeout = 10)
{
	size_t depth = 30000;
	_cleanup_free_ char *name = malloc(depth * 8 + 64);

	cr_assert(name);
	char *to = name + sprintf(name, "_ZN%zu", depth * 8 + 1);
	for (size_t i = 0; i < depth; i++)
		to = stpcpy(to, "$LT$");
	to = stpcpy(to, "a");
	for (size_t i = 0; i < depth; i++)
		to = stpcpy(to, "$GT$");
	stpcpy(to, "17h0123456789abcdefE");

	_cleanup_free_ char *path = rust_demangle_path(name);
	cr_expect_null(path);

	_cleanup_free_ char *shallow = rust_demangle_path("_ZN17$LT$$LT$a$GT$$GT$"
							  "17h0123456789abcdefE");
	cr_assert_not_null(shallow);
	cr_expect_str_eq(shallow, "a");
}

/* libiberty passes NULL for an identifier without characters. */
Test(rust_demangle, an_empty_identifier)
{
	_cleanup_free_ char *path = rust_demangle_path("_RNvC01a");

	cr_expect_str_eq(path, "::a", "%s", path);
}

/* Hostile symbols give such types. */
Test(rust_demangle, a_list_without_a_path)
{
	static const char *const paths[] = {"::<T>", "::<impl a::B>", "::<a>::<b>"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_(buffer__done) struct buffer normal = {0};

		cr_expect_eq(rust_path__normalise(paths[i], strlen(paths[i]), &normal), 0, "%s",
			     paths[i]);
	}
}

/* Where the first argument of a list ends, and what is left of the text there. */
Test(rust_demangle, argument_ends)
{
	static const struct {
		const char *list;
		const char *rest;
	} samples[] = {
		{"a::B, c::D>", ", c::D>"},
		{"a::B<c, d>, e>", ", e>"},
		{"(a, b), [c; 2], &d>", ", [c; 2], &d>"},
		{"fn(a) -> b, c>", ", c>"},
		{"<a as b::C<d, e>>::f::{{closure}}>>", ">>"},
		{"a::B", ""},
		{"", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const char *end = rust_path__argument_end(samples[i].list);

		cr_assert_not_null(end, "%s", samples[i].list);
		cr_expect_str_eq(end, samples[i].rest, "%s", samples[i].list);
	}
	cr_expect_null(rust_path__argument_end("a::B<c"));
}

/* Of the address sanitizer, under which unit tests run. */
size_t __sanitizer_get_current_allocated_bytes(void);

#define LONG_IDENTIFIER 1000
#define DOUBLINGS	24

/* A number in base 62, as v0 names write it. */
static int write_base_62(char *to, size_t number)
{
	static const char digits[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char reversed[16];
	int count = 0, length = 0;

	if (number > 0) {
		number--;
		do {
			reversed[count++] = digits[number % 62];
			number /= 62;
		} while (number > 0);
	}
	while (count > 0)
		to[length++] = reversed[--count];
	to[length++] = '_';
	to[length] = '\0';
	return length;
}

/* A function over a tuple whose type doubles with each of its back references: its leaf has a long identifier in
 * Punycode. */
static char *doubling_name(void)
{
	char *name = calloc(1, 2 * LONG_IDENTIFIER);
	char *at = name + sprintf(name, "_RINvC1a1f");
	size_t starts[DOUBLINGS];

	for (int i = 0; i < DOUBLINGS; i++) {
		starts[i] = (size_t)(at - name) - 2;
		*at++ = 'T';
	}
	at += sprintf(at, "NtC1au%d", LONG_IDENTIFIER);
	memset(at, 'g', LONG_IDENTIFIER);
	memcpy(at + LONG_IDENTIFIER - 4, "_5qa", 4);
	at += LONG_IDENTIFIER;
	for (int i = DOUBLINGS; i > 0; i--) {
		/* The element of this tuple: the next tuple, or the leaf. */
		size_t element = i == DOUBLINGS ? starts[DOUBLINGS - 1] + 1 : starts[i];

		*at++ = 'B';
		at += write_base_62(at, element);
		*at++ = 'E';
	}
	strcpy(at, "E");
	return name;
}

/* libiberty holds a decoded identifier while it writes the identifier. */
Test(rust_demangle, an_early_end_leaks_nothing)
{
	_cleanup_free_ char *name = doubling_name();
	_cleanup_(buffer__done) struct buffer raw = {0};
	size_t before;

	cr_assert_eq(rust_demangle_raw(name, &raw), -E2BIG, "%s", name);
	before = __sanitizer_get_current_allocated_bytes();
	for (int i = 0; i < 100; i++)
		cr_assert_eq(rust_demangle_raw(name, &raw), -E2BIG);
	cr_expect_eq(__sanitizer_get_current_allocated_bytes(), before);
	cr_expect_leq(raw.length, RUST_PATH_BYTES_MAX);
}

Test(rust_demangle, no_name_is_longer_than_16_kib)
{
	char *name = calloc(1, RUST_MANGLED_BYTES_MAX + 64);
	size_t size = RUST_MANGLED_BYTES_MAX - 40;
	_cleanup_(buffer__done) struct buffer raw = {0};
	int length = sprintf(name, "_ZN%zu", size);

	memset(name + length, 'a', size);
	strcpy(name + (size_t)length + size, "17h0123456789abcdefE");
	cr_expect_eq(rust_demangle_raw(name, &raw), 0);
	size += 40;
	length = sprintf(name, "_ZN%zu", size);
	memset(name + length, 'a', size);
	strcpy(name + (size_t)length + size, "17h0123456789abcdefE");
	cr_expect_eq(rust_demangle_raw(name, &raw), -E2BIG);
	free(name);
}

Test(rust_path, work_grows_with_brackets)
{
	cr_expect_eq(rust_path__work("a::b", 4), 4);
	cr_expect_eq(rust_path__work("a<b<c>>", 7), 21);
	cr_expect_eq(rust_path__work("fn(a)->b<c>", 11), 22);
}
