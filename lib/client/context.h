/* SPDX-License-Identifier: MPL-2.0 */
/* The one ZeroMQ context of the process, as a library may use it: the host program's signal
 * handlers stay its own, and nothing is written to its standard output. */
#ifndef ZC_CLIENT_CONTEXT_H
#define ZC_CLIENT_CONTEXT_H

/* Prepares czmq's global context, once for the process however many threads call it. To be called
 * before the first socket, by client and node alike. */
void zc_context_init(void);

#endif
