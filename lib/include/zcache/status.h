/* SPDX-License-Identifier: MPL-2.0 */
/* The statuses that every zcache call returns, in one table: the constant, its number and its text
 * all come from a row. */
#ifndef ZCACHE_STATUS_H
#define ZCACHE_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, number, text). 0 is done, everything else is negative. A miss is an answer, not an error.
 */
#define ZCACHE_STATUS_MAP(X)                                                                       \
    X(OK, 0, "done")                                                                               \
    X(MISS, -1, "no such key")                                                                     \
    X(INVALID, -2, "an argument is not valid")                                                     \
    X(TOO_LARGE, -3, "key or value is over its limit")                                             \
    X(NO_MEMORY, -4, "out of memory")                                                              \
    X(TIMEOUT, -5, "no answer in time")                                                            \
    X(UNREACHABLE, -6, "cannot reach the node")                                                    \
    X(INCOMPATIBLE, -7, "the other side is not zcache or speaks another protocol version")         \
    X(IN_USE, -8, "the address is in use")                                                         \
    X(UNRESOLVED, -9, "the address does not resolve")                                              \
    X(BUSY, -10, "a limit is reached, try again later")                                            \
    X(MALFORMED, -11, "the bytes are not a message")                                               \
    X(STOPPED, -12, "the node has stopped")                                                        \
    X(SYSTEM, -13, "the operating system refused")

typedef enum zcache_status {
#define ZCACHE_STATUS_ROW(name, number, text) ZCACHE_##name = (number),
    ZCACHE_STATUS_MAP(ZCACHE_STATUS_ROW)
#undef ZCACHE_STATUS_ROW
} zcache_status;

/* The text of a status, for people: a static string, never NULL, also for a number that is not in
 * the table. */
const char *zcache_status_text(zcache_status status);

#ifdef __cplusplus
}
#endif
#endif
