-- Nobody answers ARP.
if ROLE == "server" then return end
local fd = udp()
assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 5, 0))
show("connect", S.connect(fd, at(9, "10.0.2.99")))
show("send", S.send(fd, "lost"))
show("recv", S.recv(fd, 100))
show("IP_RECVERR", S.setsockopt(fd, S.IPPROTO_IP, 11, 1))
show("send", S.send(fd, "lost too"))
show("recv", S.recv(fd, 100))
local data, about = S.recvfrom(fd, 100, 0x2000)
print("error queue", data, about.addr, about.port)
