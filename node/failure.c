/* SPDX-License-Identifier: MPL-2.0 */
/* The calling thread's last failure as a line of text.
 *
 * Invariant: the text is always terminated, and no thread sees another one's. */
#include "node/failure.h"

#include <stdarg.h>
#include <stdio.h>

enum { FAILURE_BYTES = 768 }; /* a name of 255 bytes, an endpoint of 255, and words around them */

static _Thread_local char failure_text[FAILURE_BYTES];

zcache_status zc_failure_set(zcache_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure_text, sizeof(failure_text), format, arguments);
    va_end(arguments);
    return status;
}

void zc_failure_clear(void) {
    failure_text[0] = '\0';
}

const char *zc_failure_text(void) {
    return failure_text;
}
