/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_RUST_PATH_H
#define SCOTTYSCOPE_RUST_PATH_H

/* The normal form of demangled Rust paths: one form for paths that legacy and v0 mangling write
 * differently. libiberty removes hashes and crate disambiguators; then
 *   <a::B>::f                     ->  a::B::f                (inherent implementations)
 *   a::m::<impl a::B>::f          ->  a::B::f                (implementations outside the type's module)
 *   a::m::<impl d::E for a::B>::f ->  <a::B as d::E>::f
 *   f::<T, U>, f::<T>::g          ->  f, f::g                (generic arguments of functions)
 *   a::B<T>::f, <a::B<u8>>::f     ->  a::B::f                (generic arguments of an implementation's
 *   <a::B<C> as d::E<F>>::f       ->  <a::B as d::E>::f       type, which legacy names write as declared)
 *   {closure#3}, {closure}        ->  {{closure}}
 *   core::ptr::drop_glue::<T>, core::ptr::drop_in_place::<T>, core::ptr::drop_glue<T>
 *                                 ->  core::ptr::drop_in_place<T>
 * with ", " between arguments. Other arguments stay: core::ptr::drop_in_place<a::B<C>>. The two manglings
 * differ for types behind `dyn` and `impl` and for blanket implementations, which legacy names write as
 * declared (<T as d::E>::f): these have two normal forms. */

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Appends the normal form of a demangled path or type to `normal`. The normal form of a normal form is
 * the same text. -ENOMEM; -E2BIG; -EINVAL if brackets do not match or are nested too deeply. */
int rust_path__normalise(const char *path, size_t length, struct buffer *normal);

/* Returns an upper bound of the bytes that rust_path__normalise() looks at for a path: each level of brackets is
 * searched for its end. */
uint64_t rust_path__work(const char *path, size_t length);

/* Returns the final generic argument list of a demangled path, without its brackets; NULL if there is
 * none. */
const char *rust_path__generics(const char *path, size_t length, size_t *ret_length);

/* Returns the end of the argument that begins at `argument` in an argument list in normal form: the comma
 * or the bracket after the argument, or the end of the text. NULL if brackets do not match. */
const char *rust_path__argument_end(const char *argument);

#endif
