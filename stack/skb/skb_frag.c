/*
 * Fragments that change their packet: splitting, shifting and coalescing of TCP's segments.
 */
#include "stack/skb/skbuff.h"

void skb_add_rx_frag(struct sk_buff *skb, int i, struct page *page, int off, int size, unsigned int truesize)
{
	TRACE_SKB(skb, "add a page fragment to a received packet");

	skb_fill_page_desc(skb, i, page, off, size);
	skb->len += (unsigned int)size;
	skb->data_len += (unsigned int)size;
	skb->truesize += truesize;
}

void skb_coalesce_rx_frag(struct sk_buff *skb, int i, int size, unsigned int truesize)
{
	TRACE_SKB(skb, "make a page fragment of a received packet longer");

	skb_frag_size_add(&skb_shinfo(skb)->frags[i], size);
	skb->len += (unsigned int)size;
	skb->data_len += (unsigned int)size;
	skb->truesize += truesize;
}

int skb_append_pagefrags(struct sk_buff *skb, struct page *page, int offset, size_t size)
{
	TRACE_SKB(skb, "add a piece of a page to the packet's fragments");
	int i = skb_shinfo(skb)->nr_frags;

	if (skb_can_coalesce(skb, i, page, offset)) {
		skb_frag_size_add(&skb_shinfo(skb)->frags[i - 1], (int)size);
	} else if (i < MAX_SKB_FRAGS) {
		get_page(page);
		skb_fill_page_desc(skb, i, page, offset, (int)size);
	} else {
		return -EMSGSIZE;
	}
	return 0;
}

/* The cut is in the linear part: what is linear behind it goes to skb1's, all fragments change owner. */
static void skb_split_inside_header(struct sk_buff *skb, struct sk_buff *skb1, u32 len, int pos)
{
	struct skb_shared_info *from = skb_shinfo(skb), *to = skb_shinfo(skb1);

	skb_copy_from_linear_data_offset(skb, (int)len, __skb_put(skb1, (unsigned int)pos - len),
					 (unsigned int)pos - len);
	memcpy(to->frags, from->frags, from->nr_frags * sizeof(from->frags[0]));
	to->nr_frags = from->nr_frags;
	from->nr_frags = 0;
	skb1->data_len = skb->data_len;
	skb1->len += skb1->data_len;
	skb->data_len = 0;
	skb->len = len;
	skb_set_tail_pointer(skb, (int)len);
}

/* The cut is in the fragments: those behind it change owner, the one it goes through is shared. */
static void skb_split_no_header(struct sk_buff *skb, struct sk_buff *skb1, u32 len, int pos)
{
	struct skb_shared_info *from = skb_shinfo(skb), *to = skb_shinfo(skb1);
	const int nfrags = from->nr_frags;
	int i, k = 0;

	from->nr_frags = 0;
	skb1->len = skb1->data_len = skb->len - len;
	skb->len = len;
	skb->data_len = len - (u32)pos;
	for (i = 0; i < nfrags; i++) {
		int size = (int)skb_frag_size(&from->frags[i]);

		if (pos + size > (int)len) {
			to->frags[k] = from->frags[i];
			if (pos < (int)len) {
				skb_frag_ref(skb, i);
				skb_frag_off_add(&to->frags[0], (int)len - pos);
				skb_frag_size_sub(&to->frags[0], (int)len - pos);
				skb_frag_size_set(&from->frags[i], len - (u32)pos);
				from->nr_frags++;
			}
			k++;
		} else {
			from->nr_frags++;
		}
		pos += size;
	}
	to->nr_frags = (u8)k;
}

void skb_split(struct sk_buff *skb, struct sk_buff *skb1, const u32 len)
{
	TRACE_SKB(skb, "split the packet's data in two");
	int pos = (int)skb_headlen(skb);

	skb_shinfo(skb1)->flags |= skb_shinfo(skb)->flags & SKBFL_SHARED_FRAG;
	skb_zerocopy_clone(skb1, skb, 0);
	if ((int)len < pos)
		skb_split_inside_header(skb, skb1, len, pos);
	else
		skb_split_no_header(skb, skb1, len, pos);
}

/* Moves a part of the first fragment of `skb`, `todo` bytes, behind fragment `merge` of `tgt` (-1: adds one).
 */
static void skb_shift_part(struct sk_buff *tgt, struct sk_buff *skb, int from, int merge, int *to, int todo)
{
	skb_frag_t *fragfrom = &skb_shinfo(skb)->frags[from];

	if (merge >= 0) {
		skb_frag_size_add(&skb_shinfo(tgt)->frags[merge], todo);
	} else {
		skb_frag_t *fragto = &skb_shinfo(tgt)->frags[(*to)++];

		__skb_frag_ref(fragfrom);
		*fragto = *fragfrom;
		skb_frag_size_set(fragto, (unsigned int)todo);
	}
	skb_frag_off_add(fragfrom, todo);
	skb_frag_size_sub(fragfrom, todo);
}

int skb_shift(struct sk_buff *tgt, struct sk_buff *skb, int shiftlen)
{
	TRACE_SKB(skb, "move the first bytes of the packet to the end of the one before it");
	struct skb_shared_info *st = skb_shinfo(tgt), *ss = skb_shinfo(skb);
	int from = 0, to = st->nr_frags, merge = -1, todo = shiftlen, n;

	SIM_BUG_ON(skb->host, shiftlen > (int)skb->len);
	if (skb_headlen(skb) || skb_cloned(skb) || skb_cloned(tgt) || skb_zcopy(tgt) || skb_zcopy(skb))
		return 0;
	if (to && skb_can_coalesce(tgt, to, skb_frag_page(&ss->frags[0]), (int)skb_frag_off(&ss->frags[0])))
		merge = to - 1;
	if (shiftlen == (int)skb->len && ss->nr_frags - (merge >= 0) > MAX_SKB_FRAGS - to)
		return 0;
	/* How many fragments would be needed? Decide before anything is moved. */
	for (n = 0; n < ss->nr_frags && todo > 0; n++)
		todo -= (int)skb_frag_size(&ss->frags[n]);
	if (n - (merge >= 0) > MAX_SKB_FRAGS - to)
		return 0;
	todo = shiftlen;
	while (todo > 0) {
		int size = (int)skb_frag_size(&ss->frags[from]);

		if (todo < size) {
			skb_shift_part(tgt, skb, from, merge, &to, todo);
			todo = 0;
			break;
		}
		if (merge >= 0) {
			skb_frag_size_add(&st->frags[merge], size);
			skb_frag_unref(skb, from);
			merge = -1;
		} else {
			st->frags[to++] = ss->frags[from];
		}
		from++;
		todo -= size;
	}
	st->nr_frags = (u8)to;
	for (n = 0; from < ss->nr_frags; n++, from++)
		ss->frags[n] = ss->frags[from];
	ss->nr_frags = (u8)n;
	/* Most likely the bytes were never summed. */
	tgt->ip_summed = CHECKSUM_PARTIAL;
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->len -= (unsigned int)shiftlen;
	skb->data_len -= (unsigned int)shiftlen;
	skb->truesize -= (unsigned int)shiftlen;
	tgt->len += (unsigned int)shiftlen;
	tgt->data_len += (unsigned int)shiftlen;
	tgt->truesize += (unsigned int)shiftlen;
	return shiftlen;
}

/* Nobody may take the buffer away as a fragment. */
static bool skb_head_is_locked(const struct sk_buff *skb)
{
	return !skb->head_frag || skb_cloned(skb);
}

bool skb_try_coalesce(struct sk_buff *to, struct sk_buff *from, bool *fragstolen, int *delta_truesize)
{
	TRACE_SKB(from, "hang the packet's data behind the one queued last");
	struct skb_shared_info *st = skb_shinfo(to), *sf = skb_shinfo(from);
	unsigned int len = from->len;
	int i, delta;

	*fragstolen = false;
	if (skb_cloned(to))
		return false;
	if ((int)len <= skb_tailroom(to)) {
		if (len)
			skb_copy_bits(from, 0, skb_put(to, len), (int)len);
		*delta_truesize = 0;
		return true;
	}
	if (st->frag_list || sf->frag_list || skb_zcopy(to) || skb_zcopy(from))
		return false;
	if (skb_headlen(from)) {
		struct page *page;

		if (st->nr_frags + sf->nr_frags >= MAX_SKB_FRAGS || skb_head_is_locked(from))
			return false;
		delta = (int)(from->truesize - SKB_STRUCT_SIZE);
		page = virt_to_head_page(from->host, from->head);
		skb_fill_page_desc(to, st->nr_frags, page,
				   (int)(from->data - (u8 *)page_address(from->host, page)),
				   (int)skb_headlen(from));
		*fragstolen = true;
	} else {
		if (st->nr_frags + sf->nr_frags > MAX_SKB_FRAGS)
			return false;
		delta = (int)(from->truesize - SKB_TRUESIZE(from->end));
	}
	memcpy(st->frags + st->nr_frags, sf->frags, sf->nr_frags * sizeof(sf->frags[0]));
	st->nr_frags = (u8)(st->nr_frags + sf->nr_frags);
	if (!skb_cloned(from))
		sf->nr_frags = 0;
	/* Without fragments (they changed owner) this does nothing. */
	for (i = 0; i < sf->nr_frags; i++)
		__skb_frag_ref(&sf->frags[i]);
	to->truesize += (unsigned int)delta;
	to->len += len;
	to->data_len += len;
	*delta_truesize = delta;
	return true;
}

void skb_condense(struct sk_buff *skb)
{
	TRACE_SKB(skb, "make a small packet linear to save memory");

	if (skb->data_len) {
		if (skb->data_len > skb->end - skb->tail || skb_cloned(skb))
			return;
		__pskb_pull_tail(skb, (int)skb->data_len);
	}
	skb->truesize = SKB_TRUESIZE(skb->end);
}
