/* Packets in a snapshot: the layout of each, its headers and fragments, and who shares its data. */
#include "lua/snapshot/write.h"
#include "stack/interface/etherdevice.h"
#include "stack/internet/ip.h"
#include "stack/transport/tcp_types.h"

#define UNSET 0xffffu /* a header's place that nobody has set */

/* ---- headers ---- */

/* What is known of a packet's headers: offsets from head, lengths; 0: not there. */
struct headers {
	uint32_t mac, mac_len, net, net_len, transport, transport_len;
	const char *net_name, *transport_name;
};

/* The network header: set, whole in the linear data, and what the protocol says it is. */
static void find_network(const struct sk_buff *skb, struct headers *h)
{
	uint32_t at = skb->network_header, left = skb->tail - at;
	const uint8_t *p = skb->head + at;

	if (at == 0 || at == UNSET || at > skb->tail)
		return;
	if (skb->protocol == htons(ETH_P_IP) && left >= 20 && p[0] >> 4 == 4 && left >= (p[0] & 15u) * 4) {
		h->net_name = "IPv4";
		h->net_len = (p[0] & 15u) * 4;
	} else if (skb->protocol == htons(ETH_P_ARP) && left >= 28) {
		h->net_name = "ARP";
		h->net_len = 28;
	} else {
		return;
	}
	h->net = at;
}

static void find_transport(const struct sk_buff *skb, struct headers *h)
{
	uint32_t at = skb->transport_header, left = skb->tail - at;
	const uint8_t *p = skb->head + at, *ip = skb->head + h->net;
	unsigned protocol = skb->sk && sk_fullsock(skb->sk) ? skb->sk->sk_protocol : IPPROTO_RAW;

	if (at == UNSET || at > skb->tail || left < 8)
		return;
	if (h->net_len) {
		/* before ip_rcv() has set it, it is where the network header is; later fragments have none */
		if (at < h->net + h->net_len || h->net_name[0] != 'I' || (ip[6] & 0x1f) || ip[7])
			return;
		protocol = ip[9];
	}
	if (protocol == IPPROTO_TCP && left >= 20 && (p[12] >> 4) * 4u <= left && p[12] >> 4 >= 5) {
		h->transport_name = "TCP";
		h->transport_len = (p[12] >> 4) * 4u;
	} else if (protocol == IPPROTO_UDP) {
		h->transport_name = "UDP";
		h->transport_len = 8;
	} else if (protocol == IPPROTO_ICMP || protocol == IPPROTO_IGMP) {
		h->transport_name = protocol == IPPROTO_ICMP ? "ICMP" : "IGMP";
		h->transport_len = 8;
	} else {
		return;
	}
	h->transport = at;
}

/* The link header: where the packet says, or pushed before the network header and not yet noted. */
static void find_mac(const struct sk_buff *skb, struct headers *h)
{
	uint32_t data = skb_headroom(skb), before = h->net_len && data < h->net ? h->net - data : 0;

	if (skb->mac_header != UNSET && skb->mac_header + 14u <= skb->tail &&
	    (!h->net_len || skb->mac_header + 14u <= h->net)) {
		h->mac = skb->mac_header;
		h->mac_len = h->net_len ? h->net - h->mac : ETH_HLEN;
	} else if (before >= ETH_HLEN) {
		h->mac = data;
		h->mac_len = before;
	}
	if (h->mac_len > ETH_HLEN + 4) /* with a VLAN tag; more is no link header */
		h->mac_len = 0;
}

static void write_header(struct snap *s, uint32_t id, const char *name, uint32_t at, uint32_t len)
{
	if (!len)
		return;
	snap_begin(s->file, "header");
	snap_number(s->file, "skb", id);
	snap_text(s->file, "name", name);
	snap_number(s->file, "at", at);
	snap_number(s->file, "len", len);
	snap_end(s->file);
}

static void write_headers(struct snap *s, uint32_t id, const struct sk_buff *skb)
{
	struct headers h = { 0 };

	find_network(skb, &h);
	find_transport(skb, &h);
	find_mac(skb, &h);
	write_header(s, id, "Ethernet", h.mac, h.mac_len);
	write_header(s, id, h.net_name, h.net, h.net_len);
	write_header(s, id, h.transport_name, h.transport, h.transport_len);
}

/* ---- the packet ---- */

/* skb->dev shares its place with other notes: only a device of the host is one. */
static const char *dev_name(const struct sk_buff *skb)
{
	const struct net_device *dev;

	list_for_each_entry (dev, &skb->host->net->netdev->dev_base_head, dev_list)
		if (dev == skb->dev)
			return dev->name;
	return "";
}

static const char *fclone_name(const struct sk_buff *skb)
{
	return skb->fclone == SKB_FCLONE_ORIG ? "orig" : skb->fclone == SKB_FCLONE_CLONE ? "clone" : "";
}

static void write_frags(struct snap *s, uint32_t id, const struct sk_buff *skb)
{
	const struct skb_shared_info *si = skb_shinfo(skb);

	for (unsigned i = 0; i < si->nr_frags && i < MAX_SKB_FRAGS; i++) {
		const struct page *page = skb_frag_page(&si->frags[i]);

		snap_begin(s->file, "frag");
		snap_number(s->file, "skb", id);
		snap_number(s->file, "nr", i);
		snap_address(s->file, "page", ram_bus_addr(s->host, page_address(s->host, page)));
		snap_number(s->file, "page_refs", page_count(page));
		snap_number(s->file, "offset", si->frags[i].bv_offset);
		snap_number(s->file, "len", si->frags[i].bv_len);
		snap_end(s->file);
	}
}

static void write_skb(struct snap *s, uint32_t id, const struct sk_buff *skb, const struct snap_place *at,
		      uint32_t frag_list)
{
	const struct skb_shared_info *si = skb_shinfo(skb);
	FILE *f = s->file;

	snap_begin(f, "skb");
	snap_number(f, "id", id);
	snap_text(f, "in", at->in);
	snap_number(f, "sock", at->sock);
	snap_text(f, "of_dev", at->dev ? at->dev : "");
	snap_number(f, "place", at->place);
	snap_number(f, "packet", skb->journey);
	snap_number(f, "sk", skb->sk ? snap_sock_id(s, skb->sk) : 0);
	snap_text(f, "dev", dev_name(skb));
	snap_number(f, "len", skb->len);
	snap_number(f, "data_len", skb->data_len);
	snap_number(f, "truesize", skb->truesize);
	snap_number(f, "users", skb->users);
	snap_number(f, "cloned", skb->cloned);
	snap_number(f, "nohdr", skb->nohdr);
	snap_text(f, "fclone", fclone_name(skb));
	snap_number(f, "ip_summed", skb->ip_summed);
	snap_number(f, "protocol", be16toh(skb->protocol));
	if (at->tcp) {
		snap_number(f, "seq", TCP_SKB_CB(skb)->seq);
		snap_number(f, "end_seq", TCP_SKB_CB(skb)->end_seq);
	}
	snap_number(f, "buffer", snap_id(s, SNAP_BUFFER, skb->head, NULL));
	snap_address(f, "head", ram_bus_addr(s->host, skb->head));
	snap_number(f, "data", skb_headroom(skb));
	snap_number(f, "tail", skb->tail);
	snap_number(f, "end", skb->end);
	snap_number(f, "mac_header", skb->mac_header == UNSET ? -1 : skb->mac_header);
	snap_number(f, "network_header", skb->network_header == UNSET ? -1 : skb->network_header);
	snap_number(f, "transport_header", skb->transport_header == UNSET ? -1 : skb->transport_header);
	snap_number(f, "dataref", (si->dataref & SKB_DATAREF_MASK) + 1);
	snap_number(f, "payload_refs", si->dataref >> SKB_DATAREF_SHIFT);
	snap_number(f, "nr_frags", si->nr_frags);
	snap_number(f, "gso_size", si->gso_size);
	snap_number(f, "gso_segs", si->gso_segs);
	snap_number(f, "frag_list", frag_list);
	snap_end(f);
	write_headers(s, id, skb);
	write_frags(s, id, skb);
}

const struct sk_buff *snap_skb_pair(const struct sk_buff *skb)
{
	const struct sk_buff_fclones *pair;
	const struct sk_buff *other;

	if (skb->fclone == SKB_FCLONE_UNAVAILABLE)
		return NULL;
	pair = skb->fclone == SKB_FCLONE_ORIG ? container_of(skb, const struct sk_buff_fclones, skb1)
					      : container_of(skb, const struct sk_buff_fclones, skb2);
	other = skb == &pair->skb1 ? &pair->skb2 : &pair->skb1;
	/* while it is being made it has no data yet */
	return pair->fclone_ref == 2 && other->head == skb->head ? other : NULL;
}

uint32_t snap_skb(struct snap *s, const struct sk_buff *skb, const struct snap_place *at)
{
	bool is_new;
	uint32_t id = snap_id(s, SNAP_SKB, skb, &is_new), first = 0, place = 0;

	if (!is_new)
		return id;
	for (const struct sk_buff *list = skb_shinfo(skb)->frag_list; list; list = list->next) {
		struct snap_place in = { .in = "frag_list", .place = place++ };
		uint32_t piece = snap_skb(s, list, &in);

		first = first ? first : piece;
	}
	write_skb(s, id, skb, at, first);
	return id;
}

void snap_skb_queue(struct snap *s, const struct sk_buff_head *queue, struct snap_place at)
{
	const struct sk_buff *skb;

	if (!queue->next)
		return;
	skb_queue_walk (queue, skb) {
		snap_skb(s, skb, &at);
		at.place++;
	}
}
