/*
 * What every file of the stack takes for granted: types, small macros, error pointers, the clock.
 *
 * The stack's per-host kernel state (softirqs, timers, work, log) is made by kernel_init() before any
 * other layer and freed by kernel_exit() after all of them.
 */
#ifndef STACK_KERNEL_KERNEL_H
#define STACK_KERNEL_KERNEL_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/host.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef uint16_t __be16;
typedef uint32_t __be32;
typedef uint64_t __be64;
typedef uint16_t __sum16;
typedef uint32_t __wsum;
typedef s64 ktime_t; /* ns */
typedef unsigned int gfp_t;

/* Nothing here sleeps for memory or falls back, so the flags only say what Linux's callers say. */
#define GFP_ATOMIC 0x01u
#define GFP_KERNEL 0x02u
#define GFP_USER 0x04u
#define __GFP_ZERO 0x08u
#define __GFP_NOWARN 0x10u
#define __GFP_NORETRY 0x20u
#define __GFP_MEMALLOC 0x40u
#define __GFP_COMP 0x80u
#define __GFP_DIRECT_RECLAIM 0x100u
#define __GFP_NOMEMALLOC 0x200u

/* Errors that never reach a program; errno.h has the others. */
#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ENOIOCTLCMD 515
#define EPROBE_DEFER 517

/* Memory of any size; cleared, as there is no cheaper kind. */
#define kmalloc(host, size) kzalloc(host, size)

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n) (1ul << (n))
/* An IPv4 address in printf(): "from " NIPQUAD_FMT, NIPQUAD(iph->saddr) */
#define NIPQUAD_FMT "%u.%u.%u.%u"
#define NIPQUAD(addr)                                                                                        \
	((const u8 *)&(addr))[0], ((const u8 *)&(addr))[1], ((const u8 *)&(addr))[2], ((const u8 *)&(addr))[3]
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define noinline __attribute__((noinline))
#define __maybe_unused __attribute__((unused))
#define fallthrough __attribute__((fallthrough))
#define READ_ONCE(x) (x)
#define WRITE_ONCE(x, v) ((x) = (v))
#define BUILD_BUG_ON(cond) _Static_assert(!(cond), #cond)

#define min(a, b)                                                                                            \
	({                                                                                                   \
		__typeof__(a) _a = (a);                                                                      \
		__typeof__(b) _b = (b);                                                                      \
		_a < _b ? _a : _b;                                                                           \
	})
#define max(a, b)                                                                                            \
	({                                                                                                   \
		__typeof__(a) _a = (a);                                                                      \
		__typeof__(b) _b = (b);                                                                      \
		_a > _b ? _a : _b;                                                                           \
	})
#define min_t(type, a, b)                                                                                    \
	({                                                                                                   \
		type _a = (a);                                                                               \
		type _b = (b);                                                                               \
		_a < _b ? _a : _b;                                                                           \
	})
#define max_t(type, a, b)                                                                                    \
	({                                                                                                   \
		type _a = (a);                                                                               \
		type _b = (b);                                                                               \
		_a > _b ? _a : _b;                                                                           \
	})
#define min3(a, b, c) min(min(a, b), c)
#define max3(a, b, c) max(max(a, b), c)
#define min_not_zero(a, b)                                                                                   \
	({                                                                                                   \
		__typeof__(a) _x = (a);                                                                      \
		__typeof__(b) _y = (b);                                                                      \
		!_x ? _y : !_y ? _x : min(_x, _y);                                                           \
	})
#define clamp(v, lo, hi) min(max(v, lo), hi)
#define clamp_t(type, v, lo, hi) min_t(type, max_t(type, v, lo), hi)
#define swap(a, b)                                                                                           \
	do {                                                                                                 \
		__typeof__(a) _t = (a);                                                                      \
		(a) = (b);                                                                                   \
		(b) = _t;                                                                                    \
	} while (0)
#define abs_diff(a, b)                                                                                       \
	({                                                                                                   \
		__typeof__(a) _a = (a);                                                                      \
		__typeof__(b) _b = (b);                                                                      \
		_a > _b ? _a - _b : _b - _a;                                                                 \
	})
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define ALIGN(x, a) (((x) + ((__typeof__(x))(a)-1)) & ~((__typeof__(x))(a)-1))
#define PTR_ALIGN(p, a) ((__typeof__(p))ALIGN((uintptr_t)(p), (uintptr_t)(a)))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a)-1)) == 0)
#define round_up(x, y) ALIGN(x, y)
#define round_down(x, y) ((x) & ~((__typeof__(x))(y)-1))
#define roundup(x, y) (DIV_ROUND_UP(x, y) * (y))
#define rounddown(x, y) ((x) - (x) % (y))

#define U8_MAX UINT8_MAX
#define U16_MAX UINT16_MAX
#define U32_MAX UINT32_MAX
#define U64_MAX UINT64_MAX
#define S32_MAX INT32_MAX
#define S64_MAX INT64_MAX

#define SMP_CACHE_BYTES 64u
#define PAGE_SHIFT 12
#define PAGE_SIZE 4096u
#define PAGE_MASK (~(PAGE_SIZE - 1))

#define MAX_ERRNO 4095

static inline void *ERR_PTR(long error)
{
	return (void *)error;
}
static inline long PTR_ERR(const void *p)
{
	return (long)p;
}
static inline bool IS_ERR(const void *p)
{
	return unlikely((uintptr_t)p >= (uintptr_t)-MAX_ERRNO);
}
static inline bool IS_ERR_OR_NULL(const void *p)
{
	return unlikely(!p) || IS_ERR(p);
}
static inline void *ERR_CAST(const void *p)
{
	return (void *)(uintptr_t)p;
}
static inline int PTR_ERR_OR_ZERO(const void *p)
{
	return IS_ERR(p) ? (int)PTR_ERR(p) : 0;
}

/* Position of the highest set bit from 1, or 0; log2 of a power of two and rounding to one. */
static inline int fls(u32 x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}
static inline int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}
static inline int ilog2(u64 x)
{
	return fls64(x) - 1;
}
static inline bool is_power_of_2(u64 x)
{
	return x && !(x & (x - 1));
}
static inline u64 roundup_pow_of_two(u64 x)
{
	return x <= 1 ? 1 : 1ull << fls64(x - 1);
}
static inline u64 rounddown_pow_of_two(u64 x)
{
	return 1ull << ilog2(x);
}
static inline u64 div_u64(u64 a, u32 b)
{
	return a / b;
}
static inline u64 div64_u64(u64 a, u64 b)
{
	return a / b;
}
#define do_div(n, base)                                                                                      \
	({                                                                                                   \
		u32 _b = (base);                                                                             \
		u32 _rem = (u32)((n) % _b);                                                                  \
		(n) /= _b;                                                                                   \
		_rem;                                                                                        \
	})

/* Multiplicative hashes of Linux's <linux/hash.h>: the top `bits` bits. */
static inline u32 hash_32(u32 val, unsigned int bits)
{
	return (val * 0x61C88647u) >> (32 - bits);
}
static inline u32 hash_64(u64 val, unsigned int bits)
{
	return (u32)((val * 0x61C8864680B583EBull) >> (64 - bits));
}

/* ---- unaligned big-endian access ---- */

static inline u16 get_unaligned_be16(const void *p)
{
	u16 v;

	memcpy(&v, p, sizeof(v));
	return ntohs(v);
}
static inline u32 get_unaligned_be32(const void *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return ntohl(v);
}
static inline void put_unaligned_be16(u16 val, void *p)
{
	val = htons(val);
	memcpy(p, &val, sizeof(val));
}
static inline void put_unaligned_be32(u32 val, void *p)
{
	val = htonl(val);
	memcpy(p, &val, sizeof(val));
}

/* ---- time ---- */

#define HZ 1000
#define NSEC_PER_JIFFY (NSEC_PER_SEC / HZ)
#define MSEC_PER_SEC 1000l
#define USEC_PER_MSEC 1000l
#define USEC_PER_SEC 1000000l
#define MAX_JIFFY_OFFSET ((unsigned long)(INT64_MAX >> 1) - 1)
#define MAX_SCHEDULE_TIMEOUT INT64_MAX
#define TICK_NSEC NSEC_PER_JIFFY

#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)
#define time_before_eq(a, b) time_after_eq(b, a)
#define time_in_range(a, b, c) (time_after_eq(a, b) && time_before_eq(a, c))
#define time_after32(a, b) ((s32)((u32)(b) - (u32)(a)) < 0)
#define time_before32(a, b) time_after32(b, a)
#define time_between32(t, l, h) ((u32)(h) - (u32)(l) >= (u32)(t) - (u32)(l))

/* Ticks of 1 ms since the start of the run. */
static inline unsigned long jiffies(const struct host *host)
{
	return host->sim->now / NSEC_PER_JIFFY;
}
static inline unsigned long msecs_to_jiffies(unsigned int ms)
{
	return (s32)ms < 0 ? MAX_JIFFY_OFFSET : ms;
}
static inline unsigned int jiffies_to_msecs(unsigned long j)
{
	return (unsigned int)j;
}
static inline unsigned long usecs_to_jiffies(unsigned int us)
{
	return DIV_ROUND_UP((unsigned long)us, 1000ul);
}
static inline unsigned int jiffies_to_usecs(unsigned long j)
{
	return (unsigned int)(j * 1000);
}
static inline unsigned long nsecs_to_jiffies(u64 ns)
{
	return ns / NSEC_PER_JIFFY;
}
static inline long jiffies_to_clock_t(long j)
{
	return j / (HZ / 100);
}
static inline long jiffies_delta_to_clock_t(long delta)
{
	return jiffies_to_clock_t(delta > 0 ? delta : 0);
}
static inline unsigned long clock_t_to_jiffies(unsigned long c)
{
	return c * (HZ / 100);
}

static inline ktime_t ktime_get(const struct host *host)
{
	return (ktime_t)host->sim->now;
}
static inline u64 ktime_get_ns(const struct host *host)
{
	return host->sim->now;
}
/* Wall clock: the run starts at 2025-01-01 00:00:00 UTC, so that time stamps look like ones. */
#define WALL_CLOCK_START 1735689600ull
static inline u64 ktime_get_real_ns(const struct host *host)
{
	return WALL_CLOCK_START * NSEC_PER_SEC + host->sim->now;
}
static inline u64 ktime_get_real_seconds(const struct host *host)
{
	return WALL_CLOCK_START + host->sim->now / NSEC_PER_SEC;
}
static inline u64 ktime_get_seconds(const struct host *host)
{
	return host->sim->now / NSEC_PER_SEC;
}

/* A host's kernel state, see kernel_state.h. First init, last exit of the stack. */
int kernel_init(struct host *host);
void kernel_exit(struct host *host);

#endif
