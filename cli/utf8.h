/* SPDX-License-Identifier: MPL-2.0 */
/* UTF-8, as far as output needs it: what may be shown as it is. */
#ifndef ZC_CLI_UTF8_H
#define ZC_CLI_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the character that the bytes begin with, where it is a whole one in its shortest
 * form and no control character; else 0. `size` is at least 1. */
size_t zc_utf8_printable(const uint8_t *bytes, size_t size);

/* True if all of it is UTF-8, control characters allowed. */
bool zc_utf8_valid(const void *data, size_t size);

#endif
