/* SPDX-License-Identifier: MPL-2.0 */
/* The table of features. */
#include "tests/sim/features.h"

#include <string.h>

typedef struct row {
    const char *text;
    const char *what;
    uint32_t share;
} row_t;

static const row_t rows[] = {
#define ZC_FEATURE_ROW(name, text, share, what) {(text), (what), (share)},
    ZC_FEATURE_MAP(ZC_FEATURE_ROW)
#undef ZC_FEATURE_ROW
};

_Static_assert(ZC_FEATURES <= 32, "a bit for each feature");

const char *zc_feature_text(zc_feature_t feature) {
    return rows[feature].text;
}

const char *zc_feature_what(zc_feature_t feature) {
    return rows[feature].what;
}

uint32_t zc_feature_share(zc_feature_t feature) {
    return rows[feature].share;
}

static zc_features_t parse_one(const char *name, size_t bytes) {
    for (int i = 0; i < ZC_FEATURES; i++) {
        if (strlen(rows[i].text) == bytes && memcmp(rows[i].text, name, bytes) == 0) {
            return zc_feature_bit((zc_feature_t)i);
        }
    }
    return 0;
}

bool zc_features_parse(const char *names, zc_features_t *features) {
    zc_features_t parsed = 0;
    for (const char *at = names; *at != '\0';) {
        size_t bytes = strcspn(at, ",");
        zc_features_t one = parse_one(at, bytes);
        if (one == 0) {
            return false;
        }
        parsed |= one;
        at += bytes;
        at += *at == ',';
    }
    *features = parsed;
    return true;
}
