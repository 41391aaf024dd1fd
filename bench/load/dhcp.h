/* What the DHCP load and the DHCP limit share: the message, the machines, options. */
#ifndef BENCH_DHCP_H
#define BENCH_DHCP_H

#include <stddef.h>

#include "common.h"

enum { DISCOVER = 1, OFFER = 2, REQUEST = 3, ACK = 5, NAK = 6 };
enum { SERVER_PORT = 67, CLIENT_PORT = 68, COOKIE = 0x63825363, BROADCAST = 0x8000 };

/* RFC 2131, section 2, with the cookie of RFC 1497. */
struct message {
	uint8_t op, htype, hlen, hops;
	uint32_t xid;
	uint16_t secs, flags;
	uint32_t ciaddr, yiaddr, siaddr, giaddr;
	uint8_t chaddr[16];
	uint8_t sname[64];
	uint8_t file[128];
	uint32_t cookie;
	uint8_t options[1200];
} __attribute__((packed));

enum { FIXED = offsetof(struct message, options) };

/* Machine n: 02:b0 and n in four bytes; 10.1.0.0 + n. */
static inline void machine_mac(uint32_t n, uint8_t *mac)
{
	uint32_t big = htonl(n);
	mac[0] = 0x02;
	mac[1] = 0xb0;
	memcpy(mac + 2, &big, 4);
}

static inline uint32_t machine_address(uint32_t n)
{
	return htonl(0x0a010000u + n);
}

/* An option's value and length, or NULL; only the options field is searched. */
static inline const uint8_t *option(const struct message *m, size_t size, uint8_t code, size_t *length)
{
	const uint8_t *at = m->options, *end = (const uint8_t *)m + size;
	while (at + 2 <= end && *at != 255) {
		if (*at == 0) {
			at++;
			continue;
		}
		if (at + 2 + at[1] > end)
			return NULL;
		if (*at == code) {
			*length = at[1];
			return at + 2;
		}
		at += 2 + at[1];
	}
	return NULL;
}

static inline uint8_t *put(uint8_t *at, uint8_t code, size_t length, const void *value)
{
	*at++ = code;
	*at++ = (uint8_t)length;
	memcpy(at, value, length);
	return at + length;
}

#endif
