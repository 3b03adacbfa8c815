/* SPDX-License-Identifier: MPL-2.0 */
/* The error line of a handle: always terminated, never longer than its array. */
#include "lib/client/error.h"

#include <stdarg.h>
#include <stdio.h>

zcache_status zc_error_set(zc_error_t *error, zcache_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    return status;
}
