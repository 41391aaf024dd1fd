/* The least that a DHCP exchange costs: receive, answer without thinking, send.
 *
 * Not a server: every sender of a request gets the address that its MAC spells, and one boot file.
 *
 *     dhcplimit SERVER-ADDRESS INTERFACE BOOT-FILE
 */
#include <net/if.h>

#include "dhcp.h"

static size_t answer(const struct message *asked, size_t size, struct message *m, uint32_t server, const char *file)
{
	uint32_t number_of_it, forever = 0xffffffff, mask = htonl(0xff000000);
	size_t length, agent_length = 0;
	const uint8_t *type = option(asked, size, 53, &length);
	const uint8_t *agent = option(asked, size, 82, &agent_length);
	if (asked->op != 1 || asked->cookie != htonl(COOKIE) || !type)
		return 0;
	uint8_t kind = *type == DISCOVER ? OFFER : ACK;
	memcpy(m, asked, offsetof(struct message, sname));
	memset(m->sname, 0, sizeof m->sname + sizeof m->file);
	memcpy(&number_of_it, asked->chaddr + 2, 4);
	m->op = 2;
	m->yiaddr = machine_address(ntohl(number_of_it));
	m->siaddr = server;
	m->cookie = asked->cookie;
	strcpy((char *)m->file, file);
	uint8_t *at = put(m->options, 53, 1, &kind);
	at = put(at, 54, 4, &server);
	at = put(at, 51, 4, &forever);
	at = put(at, 1, 4, &mask);
	at = put(at, 3, 4, &server);
	at = put(at, 6, 4, &server);
	if (agent)
		at = put(at, 82, agent_length, agent);
	*at++ = 255;
	return at - (uint8_t *)m;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		die("dhcplimit SERVER-ADDRESS INTERFACE BOOT-FILE");
	uint32_t server = address(argv[1]).s_addr;
	int door = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(SERVER_PORT)};
	setsockopt(door, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
	setsockopt(door, SOL_SOCKET, SO_BINDTODEVICE, argv[2], (socklen_t)strlen(argv[2]));
	if (bind(door, (struct sockaddr *)&here, sizeof here) < 0)
		die("port %d", SERVER_PORT);
	for (;;) {
		static struct message asked, m;
		ssize_t got = recv(door, &asked, sizeof asked, 0);
		if (got <= FIXED)
			continue;
		size_t size = answer(&asked, (size_t)got, &m, server, argv[3]);
		if (!size)
			continue;
		struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(CLIENT_PORT),
					 .sin_addr = {asked.ciaddr ? asked.ciaddr : INADDR_BROADCAST}};
		if (asked.giaddr) {
			to.sin_addr.s_addr = asked.giaddr;
			to.sin_port = htons(SERVER_PORT);
		}
		if (sendto(door, &m, size, 0, (struct sockaddr *)&to, sizeof to) < 0 && errno != EAGAIN)
			die("sendto");
	}
}
