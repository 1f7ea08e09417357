/*
 * DMA mappings. RAM and bus share one address space and caches are coherent, so mapping is computing the
 * address; it is traced, and the packet's journey id is left with the bus for the card (bus_tag()).
 */
#ifndef STACK_INTERFACE_DMA_H
#define STACK_INTERFACE_DMA_H

#include "stack/interface/netdevice.h"

typedef u32 dma_addr_t;

enum dma_data_direction { DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE, DMA_NONE };

#define DMA_MAPPING_ERROR 0 /* no RAM lies at bus address 0 */

/* Memory for rings. `*fresh` (may be NULL): it is untouched and zero; else it holds anything. NULL: none. */
void *dma_alloc_attrs(struct net_device *dev, size_t size, dma_addr_t *handle, bool *fresh);
void dma_free_attrs(struct net_device *dev, size_t size, void *cpu_addr);

/* `addr` stands for Linux's page and offset. */
dma_addr_t dma_map_page_attrs(struct net_device *dev, const void *addr, size_t size,
			      enum dma_data_direction dir);
void dma_unmap_page_attrs(struct net_device *dev, dma_addr_t addr, size_t size, enum dma_data_direction dir);
dma_addr_t dma_map_single(struct net_device *dev, const void *ptr, size_t size, enum dma_data_direction dir);

#define dma_unmap_single(dev, addr, size, dir) dma_unmap_page_attrs(dev, addr, size, dir)
#define dma_unmap_page(dev, addr, size, dir) dma_unmap_page_attrs(dev, addr, size, dir)

static inline bool dma_mapping_error(dma_addr_t addr)
{
	return addr == DMA_MAPPING_ERROR;
}

#endif
