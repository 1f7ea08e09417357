/*
 * The bus: finds the device behind an address, checks the bounds of DMA, keeps the packet labels.
 *
 * A host has one or two devices, so the list of regions is short; the last one attached is found first.
 */
#include "core/bus.h"

#include <string.h>
#include <sys/mman.h>

#include "core/host.h"

void bus_attach(struct host *host, struct mmio_region *region)
{
	SIM_BUG_ON(host, region->size < 4);
	for (struct mmio_region *r = host->bus.regions; r; r = r->next) {
		if (region->base - r->base < r->size || r->base - region->base < region->size) {
			sim_fault(host->sim, host, "bus: region 0x%08x overlaps the one at 0x%08x",
				  region->base, r->base);
			return;
		}
	}
	region->next = host->bus.regions;
	host->bus.regions = region;
}

void bus_detach(struct host *host, struct mmio_region *region)
{
	for (struct mmio_region **p = &host->bus.regions; *p; p = &(*p)->next) {
		if (*p == region) {
			*p = region->next;
			region->next = NULL;
			return;
		}
	}
}

/* ---- software reaches registers ---- */

static struct mmio_region *find_region(struct host *host, uint32_t addr, unsigned width)
{
	for (struct mmio_region *r = host->bus.regions; r; r = r->next) {
		if (likely(addr - r->base <= r->size - width))
			return r;
	}
	return NULL;
}

static void unanswered(struct host *host, uint32_t addr, const char *what)
{
	host->bus.nr_errors++;
	host->bus.last_error = addr;
	sim_fault(host->sim, host, "bus error: %s 0x%08x, where no device answers", what, addr);
}

uint32_t bus_read(struct host *host, uint32_t addr, unsigned width)
{
	struct mmio_region *r = find_region(host, addr, width);

	if (unlikely(!r)) {
		unanswered(host, addr, "read of");
		return 0;
	}
	uint32_t val = r->read(r->dev, addr - r->base, width);

	cpu_interrupt_point(&host->cpu);
	return val;
}

void bus_write(struct host *host, uint32_t addr, uint32_t val, unsigned width)
{
	struct mmio_region *r = find_region(host, addr, width);

	if (unlikely(!r)) {
		unanswered(host, addr, "write to");
		return;
	}
	r->write(r->dev, addr - r->base, val, width);
	cpu_interrupt_point(&host->cpu);
}

uint32_t ioread32(struct host *host, uint32_t addr)
{
	return bus_read(host, addr, 4);
}

void iowrite32(struct host *host, uint32_t val, uint32_t addr)
{
	bus_write(host, addr, val, 4);
}

/* ---- devices reach memory ---- */

bool dma_read(struct host *host, uint32_t addr, void *dst, uint32_t len)
{
	const void *p = ram_ptr(host, addr, len);

	if (unlikely(!p))
		return false;
	memcpy(dst, p, len);
	return true;
}

bool dma_write(struct host *host, uint32_t addr, const void *src, uint32_t len)
{
	void *p = ram_ptr(host, addr, len);

	if (unlikely(!p))
		return false;
	memcpy(p, src, len);
	return true;
}

/* ---- labels of packets ---- */

/* Address space for the labels of all RAM; the kernel gives memory only to the pages that are touched. */
static bool tags_map(struct host *host)
{
	uint32_t n = host->ram.size / BUS_TAG_BLOCK;
	void *p = mmap(NULL, (size_t)n * sizeof(uint32_t), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return false;
	host->bus.tags = p;
	host->bus.nr_tags = n;
	return true;
}

void bus_tag(struct host *host, uint32_t addr, uint32_t journey)
{
	uint32_t i = (addr - RAM_BASE) / BUS_TAG_BLOCK;

	if (unlikely(!host->bus.tags) && (!journey || !tags_map(host)))
		return;
	if (likely(i < host->bus.nr_tags))
		host->bus.tags[i] = journey;
}

uint32_t bus_tag_get(const struct host *host, uint32_t addr)
{
	uint32_t i = (addr - RAM_BASE) / BUS_TAG_BLOCK;

	return likely(i < host->bus.nr_tags) ? host->bus.tags[i] : 0;
}

void bus_free(struct host *host)
{
	if (host->bus.tags)
		munmap(host->bus.tags, (size_t)host->bus.nr_tags * sizeof(uint32_t));
	host->bus.tags = NULL;
	host->bus.nr_tags = 0;
}
