-- Datagrams of several sizes to the server and back.
local SIZES = { 1, 0, 7, 100, 1472 }
local fd = udp(ROLE == "server" and 5000 or nil)
if ROLE == "server" then
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 3, 0))
  for _ = 1, #SIZES do
    local data, from = S.recvfrom(fd, 2000)
    show("recvfrom " .. from.addr, data)
    show("sendto", S.sendto(fd, data, from))
  end
else
  nap(300)
  for _, size in ipairs(SIZES) do
    show("sendto", S.sendto(fd, ("e"):rep(size), at(5000, SERVER)))
    local data, from = S.recvfrom(fd, 2000)
    show("recvfrom " .. from.addr .. " " .. from.port, data)
  end
  print(S.getsockname(fd).addr, S.getsockname(fd).port >= 32768)
end
