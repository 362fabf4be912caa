/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_DEMANGLE_H
#define SCOTTYSCOPE_ELF_DEMANGLE_H

#include <stddef.h>

/* Rust paths, the same for legacy (`_ZN...17h<hash>E`) and v0 (`_R...`) mangling: demangled by
 * libiberty without hashes and crate disambiguators, then
 *   <a::B>::f                     ->  a::B::f                (inherent implementations)
 *   a::m::<impl a::B>::f          ->  a::B::f                (those outside of their type's module)
 *   a::m::<impl d::E for a::B>::f ->  <a::B as d::E>::f
 *   f::<T, U>, f::<T>::g          ->  f, f::g                (generic arguments of functions)
 *   a::B<T>::f, <a::B<u8>>::f     ->  a::B::f                (those of an implementation's type,
 *   <a::B<C> as d::E<F>>::f       ->  <a::B as d::E>::f       which legacy names write as declared)
 *   {closure#3}, {closure}        ->  {{closure}}
 *   core::ptr::drop_glue::<T>, core::ptr::drop_in_place::<T>, core::ptr::drop_glue<T>
 *                                 ->  core::ptr::drop_in_place<T>
 * and with ", " between arguments. Other arguments stay: core::ptr::drop_in_place<a::B<C>>. What
 * the manglings tell differently cannot be the same: types behind `dyn` and `impl`, and blanket
 * implementations, which legacy names write as declared (<T as d::E>::f).
 * Returns malloc'ed text; NULL where the name is no Rust symbol or memory is out. */
char *demangle_rust_path(const char *mangled);

/* The final generic argument list that demangle_rust_path() leaves out ("T, U"), which only v0
 * names have, in the form above; malloc'ed, NULL where there is none. */
char *demangle_rust_generics(const char *mangled);

#endif
