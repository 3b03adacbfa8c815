/* SPDX-License-Identifier: MPL-2.0 */
/* Routes: ids of ROUTER as numbers. */
#include <criterion/criterion.h>
#include <string.h>

#include "node/route.h"

Test(route, id_comes_back_from_its_number) {
    static const uint8_t ids[][ZC_ROUTE_BYTES] = {
        {0, 0, 0, 0, 0}, {0, 1, 2, 3, 4}, {0, 0xff, 0xfe, 0xfd, 0xfc}, {0, 0x80, 0, 0, 1}};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        uint64_t route = 0;
        uint8_t id[ZC_ROUTE_BYTES];
        cr_assert(zc_route_from_id(ids[i], ZC_ROUTE_BYTES, &route));
        zc_route_to_id(route, id);
        cr_assert_eq(memcmp(id, ids[i], ZC_ROUTE_BYTES), 0);
    }
}

Test(route, id_that_the_other_side_brought_is_refused) {
    uint64_t route = 7;
    cr_assert_not(zc_route_from_id((const uint8_t *)"peer1", 5, &route));
    cr_assert_not(zc_route_from_id((const uint8_t *)"\0abc", 4, &route));
    cr_assert_not(zc_route_from_id((const uint8_t *)"\0abcde", 6, &route));
    cr_assert_not(zc_route_from_id((const uint8_t *)"", 0, &route));
    cr_assert_eq(route, 7);
}
