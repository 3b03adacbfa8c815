/* SPDX-License-Identifier: MPL-2.0 */
/* Words that one thread writes while others read them: each is read and written whole.
 *
 * The thread that writes may read its own words plainly, and everybody may where nobody writes.
 * Nothing here waits, and but for acquire and release nothing orders one word against another:
 * where several words belong together, lib/store/stripes.h keeps them so. */
#ifndef ZC_BASE_WORD_H
#define ZC_BASE_WORD_H

#include <stdint.h>
#include <string.h>

#define zc_word_load(place) __atomic_load_n((place), __ATOMIC_RELAXED)
#define zc_word_store(place, word) __atomic_store_n((place), (word), __ATOMIC_RELAXED)

/* Whoever acquires a word sees what its writer had written before it released it. */
#define zc_word_acquire(place) __atomic_load_n((place), __ATOMIC_ACQUIRE)
#define zc_word_release(place, word) __atomic_store_n((place), (word), __ATOMIC_RELEASE)

enum { ZC_WORD_BYTES = 8, ZC_HALF_BYTES = 4 };

/* Puts bytes into a half word beside what else is in it. */
static inline void zc_half_put(uint32_t *half, size_t offset, const void *from, size_t bytes) {
    uint32_t word = *half;
    memcpy((unsigned char *)&word + offset, from, bytes);
    zc_word_store(half, word);
}

/* Copies plain bytes to any place in memory that is read in words meanwhile. What is beside them in
 * the same half word has to be this thread's as well. */
static inline void zc_words_put(void *to, const void *from, size_t bytes) {
    unsigned char *out = to;
    const unsigned char *in = from;
    size_t offset = (uintptr_t)out % ZC_HALF_BYTES;
    if (offset != 0 && bytes > 0) {
        size_t first = ZC_HALF_BYTES - offset < bytes ? ZC_HALF_BYTES - offset : bytes;
        zc_half_put((uint32_t *)(void *)(out - offset), offset, in, first);
        out += first;
        in += first;
        bytes -= first;
    }
    if ((uintptr_t)out % ZC_WORD_BYTES != 0 && bytes >= ZC_HALF_BYTES) {
        zc_half_put((uint32_t *)(void *)out, 0, in, ZC_HALF_BYTES);
        out += ZC_HALF_BYTES;
        in += ZC_HALF_BYTES;
        bytes -= ZC_HALF_BYTES;
    }
    for (; bytes >= 2 * ZC_WORD_BYTES; bytes -= 2 * ZC_WORD_BYTES) {
        uint64_t words[2];
        memcpy(words, in, sizeof words);
        zc_word_store((uint64_t *)(void *)out, words[0]);
        zc_word_store((uint64_t *)(void *)(out + ZC_WORD_BYTES), words[1]);
        out += 2 * ZC_WORD_BYTES;
        in += 2 * ZC_WORD_BYTES;
    }
    for (; bytes >= ZC_HALF_BYTES; bytes -= ZC_HALF_BYTES) {
        zc_half_put((uint32_t *)(void *)out, 0, in, ZC_HALF_BYTES);
        out += ZC_HALF_BYTES;
        in += ZC_HALF_BYTES;
    }
    if (bytes > 0) {
        zc_half_put((uint32_t *)(void *)out, 0, in, bytes);
    }
}

/* Copies the whole words in which `bytes` at `from` lie, and which may be written meanwhile, to the
 * caller's own, which are one word more than the bytes need; returns where among them the bytes
 * begin. */
static inline const void *zc_words_get(uint64_t *to, const void *from, size_t bytes) {
    size_t offset = (uintptr_t)from % ZC_WORD_BYTES;
    const uint64_t *words = (const uint64_t *)(const void *)((const unsigned char *)from - offset);
    size_t count = (offset + bytes + ZC_WORD_BYTES - 1) / ZC_WORD_BYTES;
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        to[i] = zc_word_load(&words[i]);
        to[i + 1] = zc_word_load(&words[i + 1]);
        to[i + 2] = zc_word_load(&words[i + 2]);
        to[i + 3] = zc_word_load(&words[i + 3]);
    }
    for (; i < count; i++) {
        to[i] = zc_word_load(&words[i]);
    }
    return (const unsigned char *)to + offset;
}

#endif
