/* SPDX-License-Identifier: MPL-2.0 */
/* ZC_ASSERT: our own faults end the program at once, in every build. What a correct program can see
 * (peer bytes, client input, memory, time) is never asserted but answered with a status. */
#ifndef ZC_BASE_ASSERT_H
#define ZC_BASE_ASSERT_H

_Noreturn void zc_assert_failed(const char *condition, const char *file, unsigned line,
                                const char *function);

#define ZC_ASSERT(condition)                                                                       \
    ((condition) ? (void)0 : zc_assert_failed(#condition, __FILE__, __LINE__, __func__))

#endif
