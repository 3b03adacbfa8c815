/* SPDX-License-Identifier: MPL-2.0 */
/* Any words of a command line, and any base64: numbers and seconds that are taken are within their
 * range and read the same when written, and bytes are the same after base64. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/base64.h"
#include "cli/number.h"
#include "cli/settings.h"
#include "lib/base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t most = (uint64_t)ZCACHE_TTL_MAX_SECONDS * 1000;

static void check_numbers(const char *text) {
    uint64_t number = 77;
    uint64_t again = 0;
    char written[ZC_SECONDS_TEXT_BYTES];
    if (zc_number_parse(text, 5, most, &number)) {
        ZC_ASSERT(number >= 5 && number <= most);
        snprintf(written, sizeof written, "%" PRIu64, number);
        ZC_ASSERT(zc_number_parse(written, 5, most, &again));
        ZC_ASSERT(again == number);
    } else {
        ZC_ASSERT(number == 77);
    }
    if (zc_seconds_parse(text, 1, most, &number)) {
        ZC_ASSERT(number >= 1 && number <= most);
        ZC_ASSERT(zc_seconds_parse(zc_seconds_text(number, written), 1, most, &again));
        ZC_ASSERT(again == number);
    }
}

static void check_base64(const char *text, size_t size) {
    void *bytes = NULL;
    size_t count = 0;
    if (zc_base64_decode(text, size, &bytes, &count)) {
        char *written = zc_base64_encode(bytes, count);
        ZC_ASSERT(written != NULL);
        ZC_ASSERT(strlen(written) == size);
        ZC_ASSERT(memcmp(written, text, size) == 0);
        free(written);
        free(bytes);
    }
    char *encoded = zc_base64_encode(text, size);
    ZC_ASSERT(encoded != NULL);
    ZC_ASSERT(zc_base64_decode(encoded, strlen(encoded), &bytes, &count));
    ZC_ASSERT(count == size);
    ZC_ASSERT(size == 0 || memcmp(bytes, text, size) == 0);
    free(encoded);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    ZC_ASSERT(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    check_numbers(text);
    check_base64(text, size);
    (void)zc_shown_setting_find(text);
    free(text);
    return 0;
}
