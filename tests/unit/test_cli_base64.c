/* SPDX-License-Identifier: MPL-2.0 */
/* Base64, by the test vectors of RFC 4648. */
#include "cli/base64.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

Test(cli_base64, the_vectors_of_the_rfc_hold_both_ways) {
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        char *text = zc_base64_encode(vectors[i][0], strlen(vectors[i][0]));
        cr_assert_str_eq(text, vectors[i][1]);
        void *data = NULL;
        size_t size = 0;
        cr_assert(zc_base64_decode(text, strlen(text), &data, &size));
        cr_assert_eq(size, strlen(vectors[i][0]));
        cr_assert_eq(memcmp(data, vectors[i][0], size), 0);
        free(data);
        free(text);
    }
}

Test(cli_base64, all_bytes_come_back) {
    uint8_t bytes[256];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(255 - i);
    }
    for (size_t count = 0; count <= sizeof(bytes); count++) {
        char *text = zc_base64_encode(bytes, count);
        void *data = NULL;
        size_t size = 0;
        cr_assert(zc_base64_decode(text, strlen(text), &data, &size));
        cr_assert_eq(size, count);
        cr_assert_eq(memcmp(data, bytes, count), 0);
        free(data);
        free(text);
    }
}

Test(cli_base64, nothing_else_is_taken) {
    static const char *const wrong[] = {
        "Zg", "Zg=", "Z===", "====", "Zh==", "Zm9=", "Zg==Zg==", "Zm 9", "Zm9-", "=Zg="};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        void *data = NULL;
        size_t size = 0;
        cr_assert_not(zc_base64_decode(wrong[i], strlen(wrong[i]), &data, &size), "%s", wrong[i]);
        cr_assert_null(data);
    }
}
