/*
 * Iterators over a program's buffers. Nearly always there is one iovec.
 */
#include "stack/skb/uio.h"
#include "stack/skb/checksum.h"

void iov_iter_init(struct iov_iter *i, unsigned int direction, const struct iovec *iov, unsigned long nr_segs,
		   size_t count)
{
	i->data_source = (u8)direction;
	i->iov = iov;
	i->nr_segs = nr_segs;
	i->iov_offset = 0;
	i->count = count;
}

size_t iov_iter_single_seg_count(struct iov_iter *i)
{
	while (i->nr_segs && i->iov_offset == i->iov->iov_len) {
		i->iov++;
		i->nr_segs--;
		i->iov_offset = 0;
	}
	return i->nr_segs ? min(i->count, i->iov->iov_len - i->iov_offset) : 0;
}

/* The next piece that lies together, at most `want` bytes, and steps over it. */
static u8 *iov_iter_next(struct iov_iter *i, size_t want, size_t *len)
{
	u8 *p;

	*len = min(want, iov_iter_single_seg_count(i));
	if (!*len)
		return NULL;
	p = (u8 *)i->iov->iov_base + i->iov_offset;
	i->iov_offset += *len;
	i->count -= *len;
	return p;
}

void iov_iter_advance(struct iov_iter *i, size_t bytes)
{
	size_t len;

	bytes = min(bytes, i->count);
	for (; bytes; bytes -= len) {
		iov_iter_next(i, bytes, &len);
		if (!len)
			return;
	}
}

void iov_iter_revert(struct iov_iter *i, size_t bytes)
{
	i->count += bytes;
	while (bytes > i->iov_offset) {
		bytes -= i->iov_offset;
		i->iov--;
		i->nr_segs++;
		i->iov_offset = i->iov->iov_len;
	}
	i->iov_offset -= bytes;
}

size_t copy_from_iter(void *addr, size_t bytes, struct iov_iter *i)
{
	size_t done = 0, len;

	bytes = min(bytes, i->count);
	while (done < bytes) {
		const u8 *p = iov_iter_next(i, bytes - done, &len);

		if (!len)
			break;
		memcpy((u8 *)addr + done, p, len);
		done += len;
	}
	return done;
}

size_t copy_to_iter(const void *addr, size_t bytes, struct iov_iter *i)
{
	size_t done = 0, len;

	bytes = min(bytes, i->count);
	while (done < bytes) {
		u8 *p = iov_iter_next(i, bytes - done, &len);

		if (!len || unlikely(!p))
			break;
		memcpy(p, (const u8 *)addr + done, len);
		done += len;
	}
	return done;
}

bool csum_and_copy_from_iter_full(void *addr, size_t bytes, uint32_t *csum, struct iov_iter *i)
{
	if (!copy_from_iter_full(addr, bytes, i))
		return false;
	*csum = csum_partial(addr, (int)bytes, *csum);
	return true;
}

size_t csum_and_copy_to_iter(const void *addr, size_t bytes, uint32_t *csum, size_t *off, struct iov_iter *i)
{
	size_t n = copy_to_iter(addr, bytes, i);

	*csum = csum_block_add(*csum, csum_partial(addr, (int)n, 0), (int)*off);
	*off += n;
	return n;
}
