/*
 * Addresses between programs and the stack.
 */
#include "stack/application/address.h"

int move_addr_to_kernel(struct host *host, const void *uaddr, int ulen, struct sockaddr_storage *kaddr)
{
	TRACE(host, "copy data from user to kernel space");

	if (ulen < 0 || ulen > (int)sizeof(struct sockaddr_storage))
		return -EINVAL;
	if (ulen == 0)
		return 0;
	if (!uaddr)
		return -EFAULT;
	memcpy(kaddr, uaddr, (size_t)ulen);
	return 0;
}

int move_addr_to_user(struct host *host, struct sockaddr_storage *kaddr, int klen, void *uaddr, int *ulen)
{
	TRACE(host, "copy the address from kernel to user space");
	int len;

	SIM_BUG_ON(host, klen > (int)sizeof(struct sockaddr_storage));
	if (!ulen)
		return -EFAULT;
	len = min(*ulen, klen);
	if (len < 0)
		return -EINVAL;
	if (len) {
		if (!uaddr)
			return -EFAULT;
		memcpy(uaddr, kaddr, (size_t)len);
	}
	/* The true length, so that the program can see that its buffer was too short. */
	*ulen = klen;
	return 0;
}
