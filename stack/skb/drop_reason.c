/*
 * The words of the drop reasons, for the trace file, netstat-like lists and tests.
 */
#include "stack/skb/drop_reason.h"

#include <stddef.h>

#include "stack/skb/skbuff.h"

struct drop_word {
	const char *name, *text;
};

static const struct drop_word drop_words[] = {
#define SKB_DROP_WORD_(name, text) { #name, text },
	SKB_DROP_REASONS(SKB_DROP_WORD_)
#undef SKB_DROP_WORD_
};

static const struct drop_word *drop_word(unsigned nr)
{
	if (nr < SKB_DROP_REASON_FIRST || nr >= SKB_DROP_REASON_MAX)
		return NULL;
	return &drop_words[nr - SKB_DROP_REASON_FIRST];
}

const char *skb_drop_text(unsigned nr)
{
	const struct drop_word *w = drop_word(nr);

	return w ? w->text : NULL;
}

const char *skb_drop_name(unsigned nr)
{
	const struct drop_word *w = drop_word(nr);

	return w ? w->name : NULL;
}

u64 skb_drop_count(const struct net *net, enum skb_drop_reason reason)
{
	return net->skb->drops[reason - SKB_DROP_REASON_FIRST];
}
