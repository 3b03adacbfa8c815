/* SPDX-License-Identifier: MPL-2.0 */
/* The end of a program that is wrong. The C library's own failure routine prints and aborts, so
 * that this file needs neither. */
#include "lib/base/assert.h"

#undef NDEBUG
#include <assert.h>

_Noreturn void zc_assert_failed(const char *condition, const char *file, unsigned line,
                                const char *function) {
    __assert_fail(condition, file, line, function);
}
