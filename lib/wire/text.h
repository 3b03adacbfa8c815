/* SPDX-License-Identifier: MPL-2.0 */
/* What text may travel: names, regions and endpoints, as they are shown to people and dialled. */
#ifndef ZC_WIRE_TEXT_H
#define ZC_WIRE_TEXT_H

#include <stdbool.h>

#include "lib/base/slice.h"

/* At most ZCACHE_NAME_BYTES_MAX bytes of UTF-8 (shortest forms, no surrogates) without control
 * characters (U+0000 to U+001F, U+007F to U+009F), so that it does no harm on a terminal or in
 * JSON. May be empty. A node checks its own name and region with it before it starts. */
bool zc_text_valid(zc_slice_t text);

/* "tcp://HOST:PORT": HOST of letters, digits, '.', '-' and '_', or an IPv6 address in brackets;
 * PORT from 1 to 65535 without leading zeros; at most ZCACHE_NAME_BYTES_MAX bytes in all. Whether
 * it resolves is not asked. */
bool zc_endpoint_valid(zc_slice_t endpoint);

#endif
