/* See tcp_fields.h. */
#include "lua/tcp_fields.h"

#include <stddef.h>
#include <string.h>

#include "stack/transport/tcp_info.h"

_Static_assert(sizeof(struct tcp_info) == TCP_FIELDS_SIZE, "as the stack has it");

static const struct {
	const char *name;
	unsigned short offset;
	unsigned char size;
} fields[] = {
#define FIELD(name)                                                                                          \
	{                                                                                                    \
#name, offsetof(struct tcp_info, name), sizeof(((struct tcp_info *)0)->name)                 \
	}
	FIELD(tcpi_state),	   FIELD(tcpi_ca_state),
	FIELD(tcpi_retransmits),   FIELD(tcpi_probes),
	FIELD(tcpi_backoff),	   FIELD(tcpi_options),
	FIELD(tcpi_rto),	   FIELD(tcpi_ato),
	FIELD(tcpi_snd_mss),	   FIELD(tcpi_rcv_mss),
	FIELD(tcpi_unacked),	   FIELD(tcpi_sacked),
	FIELD(tcpi_lost),	   FIELD(tcpi_retrans),
	FIELD(tcpi_fackets),	   FIELD(tcpi_last_data_sent),
	FIELD(tcpi_last_ack_sent), FIELD(tcpi_last_data_recv),
	FIELD(tcpi_last_ack_recv), FIELD(tcpi_pmtu),
	FIELD(tcpi_rcv_ssthresh),  FIELD(tcpi_rtt),
	FIELD(tcpi_rttvar),	   FIELD(tcpi_snd_ssthresh),
	FIELD(tcpi_snd_cwnd),	   FIELD(tcpi_advmss),
	FIELD(tcpi_reordering),	   FIELD(tcpi_rcv_rtt),
	FIELD(tcpi_rcv_space),	   FIELD(tcpi_total_retrans),
	FIELD(tcpi_pacing_rate),   FIELD(tcpi_max_pacing_rate),
	FIELD(tcpi_bytes_acked),   FIELD(tcpi_bytes_received),
	FIELD(tcpi_segs_out),	   FIELD(tcpi_segs_in),
	FIELD(tcpi_notsent_bytes), FIELD(tcpi_min_rtt),
	FIELD(tcpi_data_segs_in),  FIELD(tcpi_data_segs_out),
	FIELD(tcpi_delivery_rate), FIELD(tcpi_busy_time),
	FIELD(tcpi_rwnd_limited),  FIELD(tcpi_sndbuf_limited),
	FIELD(tcpi_delivered),	   FIELD(tcpi_delivered_ce),
	FIELD(tcpi_bytes_sent),	   FIELD(tcpi_bytes_retrans),
	FIELD(tcpi_dsack_dups),	   FIELD(tcpi_reord_seen),
	FIELD(tcpi_rcv_ooopack),   FIELD(tcpi_snd_wnd),
#undef FIELD
};

void tcp_fields(lua_State *L, const void *info, void (*set)(lua_State *L, const char *name, lua_Integer v))
{
	const struct tcp_info *t = info;
	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint64_t v = 0;
		memcpy(&v, (const char *)info + fields[i].offset, fields[i].size);
		set(L, fields[i].name, (lua_Integer)v);
	}
	set(L, "tcpi_snd_wscale", t->tcpi_snd_wscale);
	set(L, "tcpi_rcv_wscale", t->tcpi_rcv_wscale);
	set(L, "tcpi_delivery_rate_app_limited", t->tcpi_delivery_rate_app_limited);
	set(L, "tcpi_fastopen_client_fail", t->tcpi_fastopen_client_fail);
}
