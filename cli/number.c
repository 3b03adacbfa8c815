/* SPDX-License-Identifier: MPL-2.0 */
/* Strict numbers. Nothing of the C library's own parsing is used: it takes signs, blanks, "nan" and
 * other notations that only ever come from mistakes. */
#include "cli/number.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/output.h"

/* Digits from *text on, which moves behind them. Returns how many; 0 also where they pass 64 bits.
 */
static size_t parse_digits(const char **text, uint64_t *number) {
    uint64_t sum = 0;
    size_t digits = 0;
    while (**text >= '0' && **text <= '9') {
        uint64_t digit = (uint64_t)(**text - '0');
        if (sum > (UINT64_MAX - digit) / 10) {
            return 0;
        }
        sum = sum * 10 + digit;
        digits++;
        (*text)++;
    }
    *number = sum;
    return digits;
}

bool zc_number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *number) {
    uint64_t parsed = 0;
    if (parse_digits(&text, &parsed) == 0 || *text != '\0' || parsed < least || parsed > most) {
        return false;
    }
    *number = parsed;
    return true;
}

bool zc_seconds_parse(const char *text, uint64_t least_ms, uint64_t most_ms, uint64_t *ms) {
    static const uint64_t thousandths[] = {1000, 100, 10, 1};
    uint64_t whole = 0;
    uint64_t fraction = 0;
    size_t places = 0;
    if (parse_digits(&text, &whole) == 0 || whole > UINT64_MAX / 1000 - 1) {
        return false;
    }
    if (*text == '.') {
        text++;
        places = parse_digits(&text, &fraction);
        if (places == 0 || places > 3) {
            return false;
        }
    }
    uint64_t parsed_ms = whole * 1000 + fraction * thousandths[places];
    if (*text != '\0' || parsed_ms < least_ms || parsed_ms > most_ms) {
        return false;
    }
    *ms = parsed_ms;
    return true;
}

const char *zc_seconds_text(uint64_t ms, char text[ZC_SECONDS_TEXT_BYTES]) {
    int length =
        snprintf(text, ZC_SECONDS_TEXT_BYTES, "%" PRIu64 ".%03" PRIu64, ms / 1000, ms % 1000);
    while (text[length - 1] == '0') {
        length--;
    }
    if (text[length - 1] == '.') {
        length--;
    }
    text[length] = '\0';
    return text;
}

int zc_option_number(const char *option, const char *text, uint64_t least, uint64_t most,
                     const char *unit, uint64_t *number) {
    if (zc_number_parse(text, least, most, number)) {
        return 0;
    }
    zc_fail(0, "%s %s: must be a number of %s from %" PRIu64 " to %" PRIu64, option, text, unit,
            least, most);
    return EINVAL;
}

int zc_option_seconds(const char *option, const char *text, uint64_t least_ms, uint64_t most_ms,
                      const char *zero, uint64_t *ms) {
    if (zc_seconds_parse(text, least_ms, most_ms, ms)) {
        return 0;
    }
    char least[ZC_SECONDS_TEXT_BYTES];
    char most[ZC_SECONDS_TEXT_BYTES];
    zc_fail(0, "%s %s: must be a number of seconds from %s to %s%s%s", option, text,
            zc_seconds_text(least_ms, least), zc_seconds_text(most_ms, most),
            zero == NULL ? "" : "; 0: ", zero == NULL ? "" : zero);
    return EINVAL;
}
