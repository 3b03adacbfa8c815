/* SPDX-License-Identifier: MPL-2.0 */
/* Numbers as people write them, read strictly: digits alone, all of the word, within the range. */
#ifndef ZC_CLI_NUMBER_H
#define ZC_CLI_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* A whole number from `least` to `most`. False leaves *number as it was. */
bool zc_number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *number);

/* Seconds with at most three digits behind the point, as milliseconds in *ms. The range is in
 * milliseconds too. */
bool zc_seconds_parse(const char *text, uint64_t least_ms, uint64_t most_ms, uint64_t *ms);

/* Milliseconds as seconds: "60", "0.25". `text` is the caller's. */
enum { ZC_SECONDS_TEXT_BYTES = 32 };
const char *zc_seconds_text(uint64_t ms, char text[ZC_SECONDS_TEXT_BYTES]);

/* The option's value as a number in the range, or one line that names the option, the value and the
 * range. Returns 0 or EINVAL. `unit` is what is counted, like "bytes". */
int zc_option_number(const char *option, const char *text, uint64_t least, uint64_t most,
                     const char *unit, uint64_t *number);

/* The same for seconds. `least_ms` 0 may stand for "never" and then is in `zero`, else NULL. */
int zc_option_seconds(const char *option, const char *text, uint64_t least_ms, uint64_t most_ms,
                      const char *zero, uint64_t *ms);

#endif
