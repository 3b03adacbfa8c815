/* SPDX-License-Identifier: MPL-2.0 */
/* Peeking: reading up to ZC_PEEK_BYTES of what another thread may write meanwhile, at any address,
 * into registers: so that nothing is written anywhere before it is known to be whole.
 *
 *     bytes     17 .. 32             33 .. 64                    65 .. 128
 *     pieces    [first 16]           [first 16][next 16]         four from the beginning, and
 *               [last 16]            [last but one][last]       four to the end, as they overlap
 *
 * C has no words that are read whole at any address. On x86-64 the processor has, so there it is
 * done in its own instructions. ThreadSanitizer does not see those, so for it, as on all other
 * processors, the aligned words are read in which the bytes lie. */
#ifndef ZC_BASE_PEEK_H
#define ZC_BASE_PEEK_H

#include <stdbool.h>

#include "lib/base/word.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ZC_PEEK_WORDS
#endif
#endif
#if defined(__SANITIZE_THREAD__) || !defined(__x86_64__)
#define ZC_PEEK_WORDS
#endif

enum { ZC_PEEK_BYTES = 128, ZC_PIECE_BYTES = 16 };

static inline bool zc_peek_fits(size_t bytes) {
    return bytes <= ZC_PEEK_BYTES;
}

/* Whether what was read belongs together. */
typedef bool zc_peek_holds_fn(const void *context);

/* bool zc_peek_equal(place, own, bytes): whether the bytes at a place are the caller's own, of
 * which there are as many as one likes.
 *
 * bool zc_peek_copy(to, place, bytes, holds, context): copies, if they fit; nothing where what was
 * read does not hold, which it then returns. */

#ifdef ZC_PEEK_WORDS

static inline bool zc_peek_equal(const void *place, const void *own, size_t bytes) {
    uint64_t words[ZC_PEEK_BYTES / ZC_WORD_BYTES + 1];
    size_t differ = 0;
    for (size_t i = 0; i < bytes && differ == 0; i += ZC_PEEK_BYTES) {
        size_t part = bytes - i < ZC_PEEK_BYTES ? bytes - i : ZC_PEEK_BYTES;
        const void *copy = zc_words_get(words, (const char *)place + i, part);
        differ = (size_t)(memcmp(copy, (const char *)own + i, part) != 0);
    }
    return differ == 0;
}

static inline bool zc_peek_copy(void *to, const void *place, size_t bytes, zc_peek_holds_fn *holds,
                                const void *context) {
    uint64_t words[ZC_PEEK_BYTES / ZC_WORD_BYTES + 1];
    const void *copy = zc_words_get(words, place, bytes);
    bool whole = holds(context);
    if (whole && bytes > 0) {
        memcpy(to, copy, bytes);
    }
    return whole;
}

#else

typedef unsigned long long zc_piece_t __attribute__((vector_size(16)));

static inline zc_piece_t zc_peek_16(const void *place) {
    zc_piece_t piece;
    __asm__ volatile("movdqu %1, %0" : "=x"(piece) : "m"(*(const char(*)[16])place));
    return piece;
}

static inline uint64_t zc_peek_8(const void *place) {
    uint64_t word;
    __asm__ volatile("movq %1, %0" : "=r"(word) : "m"(*(const char(*)[8])place));
    return word;
}

static inline uint32_t zc_peek_4(const void *place) {
    uint32_t half;
    __asm__ volatile("movl %1, %0" : "=r"(half) : "m"(*(const char(*)[4])place));
    return half;
}

static inline uint8_t zc_peek_1(const void *place) {
    return zc_word_load((const uint8_t *)place);
}

/* Up to 7 bytes, as a number. */
static inline uint64_t zc_peek_few(const char *place, size_t bytes) {
    if (bytes >= 4) {
        return zc_peek_4(place) | (uint64_t)zc_peek_4(place + bytes - 4) << 32;
    }
    if (bytes == 0) {
        return 0;
    }
    return zc_peek_1(place) | (uint64_t)zc_peek_1(place + bytes / 2) << 8 |
           (uint64_t)zc_peek_1(place + bytes - 1) << 16;
}

static inline void zc_put_few(char *to, uint64_t few, size_t bytes) {
    if (bytes >= 4) {
        uint32_t halves[2] = {(uint32_t)few, (uint32_t)(few >> 32)};
        memcpy(to, &halves[0], sizeof halves[0]);
        memcpy(to + bytes - 4, &halves[1], sizeof halves[1]);
    } else if (bytes > 0) {
        to[0] = (char)few;
        to[bytes / 2] = (char)(few >> 8);
        to[bytes - 1] = (char)(few >> 16);
    }
}

/* The caller's own of the same. */
static inline uint64_t zc_own_8(const char *own) {
    uint64_t word;
    memcpy(&word, own, sizeof word);
    return word;
}

__attribute__((always_inline)) static inline bool zc_peek_equal(const void *place, const void *own,
                                                                size_t bytes) {
    const char *theirs = place;
    const char *ours = own;
    if (bytes < ZC_WORD_BYTES) {
        return zc_peek_few(theirs, bytes) == zc_peek_few(ours, bytes);
    }
    uint64_t differ = 0;
    for (size_t i = 0; i < bytes - ZC_WORD_BYTES; i += ZC_WORD_BYTES) {
        differ |= zc_peek_8(theirs + i) ^ zc_own_8(ours + i);
    }
    size_t last = bytes - ZC_WORD_BYTES;
    return (differ | (zc_peek_8(theirs + last) ^ zc_own_8(ours + last))) == 0;
}

static inline void zc_put_16(char *to, zc_piece_t piece) {
    memcpy(to, &piece, sizeof piece);
}

static inline void zc_put_8(char *to, uint64_t word) {
    memcpy(to, &word, sizeof word);
}

__attribute__((always_inline)) static inline bool zc_peek_copy_2(char *to, const char *at,
                                                                 size_t bytes,
                                                                 zc_peek_holds_fn *holds,
                                                                 const void *context) {
    zc_piece_t first = zc_peek_16(at);
    zc_piece_t last = zc_peek_16(at + bytes - 16);
    if (!holds(context)) {
        return false;
    }
    zc_put_16(to, first);
    zc_put_16(to + bytes - 16, last);
    return true;
}

__attribute__((always_inline)) static inline bool zc_peek_copy_4(char *to, const char *at,
                                                                 size_t bytes,
                                                                 zc_peek_holds_fn *holds,
                                                                 const void *context) {
    const char *end = at + bytes;
    zc_piece_t pieces[] = {zc_peek_16(at), zc_peek_16(at + 16), zc_peek_16(end - 32),
                           zc_peek_16(end - 16)};
    if (!holds(context)) {
        return false;
    }
    zc_put_16(to, pieces[0]);
    zc_put_16(to + 16, pieces[1]);
    zc_put_16(to + bytes - 32, pieces[2]);
    zc_put_16(to + bytes - 16, pieces[3]);
    return true;
}

__attribute__((always_inline)) static inline bool zc_peek_copy_8(char *to, const char *at,
                                                                 size_t bytes,
                                                                 zc_peek_holds_fn *holds,
                                                                 const void *context) {
    const char *end = at + bytes;
    zc_piece_t pieces[] = {zc_peek_16(at),       zc_peek_16(at + 16),  zc_peek_16(at + 32),
                           zc_peek_16(at + 48),  zc_peek_16(end - 64), zc_peek_16(end - 48),
                           zc_peek_16(end - 32), zc_peek_16(end - 16)};
    if (!holds(context)) {
        return false;
    }
    zc_put_16(to, pieces[0]);
    zc_put_16(to + 16, pieces[1]);
    zc_put_16(to + 32, pieces[2]);
    zc_put_16(to + 48, pieces[3]);
    zc_put_16(to + bytes - 64, pieces[4]);
    zc_put_16(to + bytes - 48, pieces[5]);
    zc_put_16(to + bytes - 32, pieces[6]);
    zc_put_16(to + bytes - 16, pieces[7]);
    return true;
}

/* Up to 16. */
static inline bool zc_peek_copy_1(char *to, const char *at, size_t bytes, zc_peek_holds_fn *holds,
                                  const void *context) {
    if (bytes < ZC_WORD_BYTES) {
        uint64_t few = zc_peek_few(at, bytes);
        bool whole = holds(context);
        if (whole) {
            zc_put_few(to, few, bytes);
        }
        return whole;
    }
    uint64_t first = zc_peek_8(at);
    uint64_t last = zc_peek_8(at + bytes - ZC_WORD_BYTES);
    if (!holds(context)) {
        return false;
    }
    zc_put_8(to, first);
    zc_put_8(to + bytes - ZC_WORD_BYTES, last);
    return true;
}

__attribute__((always_inline)) static inline bool zc_peek_copy(void *to, const void *place,
                                                               size_t bytes,
                                                               zc_peek_holds_fn *holds,
                                                               const void *context) {
    if (bytes > 4 * ZC_PIECE_BYTES) {
        return zc_peek_copy_8(to, place, bytes, holds, context);
    }
    if (bytes > 2 * ZC_PIECE_BYTES) {
        return zc_peek_copy_4(to, place, bytes, holds, context);
    }
    return bytes > ZC_PIECE_BYTES ? zc_peek_copy_2(to, place, bytes, holds, context)
                                  : zc_peek_copy_1(to, place, bytes, holds, context);
}

#endif

#endif
