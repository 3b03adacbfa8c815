/* SPDX-License-Identifier: MPL-2.0 */
/* Listings. What was added is shown, also where memory runs out in the midst of it: then the last
 * word is a failure. */
#include "cli/listing.h"

#include "cli/output.h"

bool zc_listing_begin(zc_listing_t *listing, const zc_column_t *columns, size_t count, bool json) {
    *listing = (zc_listing_t){.columns = count};
    if (!json) {
        listing->table = zc_table_new(columns, count);
    }
    return json || listing->table != NULL;
}

bool zc_listing_add_json(zc_listing_t *listing, json_t *json) {
    listing->failed = json == NULL;
    return zc_json_array_add(&listing->array, json, ZC_DIGITS_EXACT);
}

bool zc_listing_add_row(zc_listing_t *listing, const char *const *texts,
                        const char *const *colours) {
    bool made = true;
    for (size_t i = 0; i < listing->columns; i++) {
        made = made && texts[i] != NULL;
    }
    bool added = made && zc_table_add(listing->table, texts, colours);
    listing->failed = !added && !zc_output_broken();
    return added;
}

bool zc_listing_is_for_people(const zc_listing_t *listing) {
    return listing->table != NULL && zc_table_is_terminal(listing->table);
}

bool zc_listing_end(zc_listing_t *listing) {
    if (listing->table == NULL) {
        zc_json_array_end(&listing->array);
    } else {
        zc_table_print(listing->table);
        zc_table_destroy(&listing->table);
    }
    return !listing->failed;
}
