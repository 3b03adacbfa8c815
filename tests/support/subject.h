/* SPDX-License-Identifier: MPL-2.0 */
/* One replica under test, step by step: what is done to it in a word, what it decided as lines of
 * text (decisions.h). Other nodes are letters: 'b' is origin "b", serves at tcp://b:5000 and
 * publishes at tcp://b:5001. The subject is 's'.
 *
 * There is one in a process (Criterion gives each test its own). Time stands still unless it is
 * moved; it begins at local time 1 s, mesh time SUBJECT_MESH_MS. */
#ifndef ZC_TESTS_SUPPORT_SUBJECT_H
#define ZC_TESTS_SUPPORT_SUBJECT_H

#include "lib/replica/state.h"
#include "tests/support/decisions.h"
#include "tests/support/failing_allocator.h"

#define SUBJECT_MESH_MS ((uint64_t)1000000000)

enum { SUBJECT_HEARTBEAT_MS = 250 };

/* The options of subject_start, to be changed before it. */
void subject_options(zc_replica_options_t *options);
/* NULL: with the options as they are, a founder. `subject_start_joining` has one seed,
 * tcp://b:5000. */
void subject_start(const zc_replica_options_t *options);
void subject_start_joining(void);
/* Checks the store, destroys the replica, and that nothing was left behind. */
void subject_stop(void);

zc_replica_t *subject_replica(void);
zc_failing_allocator_t *subject_allocator(void);

/* Gives back what the replica keeps of memory from one step to the next, so that the next one has
 * to ask for it, and fails the allocation after the next `requests`. To fail each one of a step:
 * for n from 0 up, until none has failed. */
void subject_fail_after(uint64_t requests);
/* From now on none fails. Returns whether one has. */
bool subject_failed(void);

/* Lines since the last call, without heartbeats; valid until the next step. */
const char *subject_decided(void);

/* -- Steps: each adds to the decisions. */

void subject_tick(void);
/* Lets time pass, with ticks where the replica wants them. */
void subject_run_ms(uint64_t ms);
zcache_status subject_set(const char *key, const char *value, uint64_t ttl_ms);
zcache_status subject_delete(const char *key);
zcache_status subject_step(zc_event_t *event);
void subject_receive(zc_link_t from, const zc_message_t *message);

/* -- Others */

zc_origin_t subject_origin(char letter);
zc_identity_t subject_identity(char letter);
/* An HLC of so many milliseconds after mesh time now (or before). */
zc_hlc_t subject_hlc(int64_t after_ms);
zc_link_t subject_peer(zc_peer_number_t number);
zc_link_t subject_route(uint64_t number);
/* A peer says hello, is dialled, welcomes and is live. Forgets decisions. Returns its number. */
zc_peer_number_t subject_meet(char letter);
zc_message_t subject_welcome(char letter, bool joining);
void subject_heartbeat(char letter, zc_hlc_t last);
/* Records of "a=1 ~b": entries, and ghosts with a tilde, whose HLCs end at `last`. Up to 16; valid
 * until the next call. */
const zc_record_t *subject_records(const char *writes, zc_hlc_t last, size_t *count);
void subject_batch(char letter, zc_hlc_t prev, zc_hlc_t last, const char *writes);
/* The session that the subject asked for last, and of a SYNC_ASK what it has. */
uint64_t subject_session(void);
/* A chunk of one origin and a good end of the transfer of this session. */
void subject_chunk(zc_link_t from, uint64_t session, uint32_t number, char letter, zc_hlc_t last,
                   const char *writes);
zc_message_t subject_end(uint64_t session, uint32_t number);

/* -- What it holds: the value as a text, "" for a miss, "~" for a ghost. */
const char *subject_holds(const char *key);
zc_counters_t subject_counters(void);
zc_peer_state_t subject_state(zc_peer_number_t number);

#endif
