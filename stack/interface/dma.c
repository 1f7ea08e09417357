/*
 * DMA mappings (dma.h): addresses are computed, caches need no care.
 */
#include "stack/interface/dma.h"

void *dma_alloc_attrs(struct net_device *dev, size_t size, dma_addr_t *handle, bool *fresh)
{
	TRACE(dev, "allocate memory that both driver and card use");
	void *p = ram_alloc(dev->host, (u32)size, SIM_SITE, fresh);

	*handle = p ? ram_bus_addr(dev->host, p) : DMA_MAPPING_ERROR;
	return p;
}

void dma_free_attrs(struct net_device *dev, size_t size, void *cpu_addr)
{
	ram_free(dev->host, cpu_addr, (u32)size);
}

dma_addr_t dma_map_page_attrs(struct net_device *dev, const void *addr, size_t size,
			      enum dma_data_direction dir)
{
	TRACE_LEAF(dev, "compute the bus address of a buffer");
	(void)size, (void)dir;
	return ram_bus_addr(dev->host, addr);
}

dma_addr_t dma_map_single(struct net_device *dev, const void *ptr, size_t size, enum dma_data_direction dir)
{
	TRACE(dev, "map the data so the hardware can access it");
	return dma_map_page_attrs(dev, ptr, size, dir);
}

void dma_unmap_page_attrs(struct net_device *dev, dma_addr_t addr, size_t size, enum dma_data_direction dir)
{
	TRACE_LEAF(dev, "the card is done with a buffer");
	(void)addr, (void)size, (void)dir;
}
