-- Every kind of name and service, every error number.
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local E = require "posix.errno"
if ... == "server" then return end
local posix = require "posix"
local function show(...) local t = table.pack(...) for i = 1, t.n do local v = t[i] if type(v) == "table" then local k = {} for a, b in pairs(v) do k[#k + 1] = tostring(a) .. "=" .. tostring(type(b) == "table" and b.addr and (b.addr .. ":" .. b.port .. "/" .. b.socktype) or b) end table.sort(k) v = "{" .. table.concat(k, ",") .. "}" end t[i] = tostring(v) end print(table.concat(t, "\t")) end
for _, h in ipairs { "10.0.2.2", "127.0.0.1", "localhost", "::1", "", "256.1.1.1", "1.2", "0x7f.1" } do
  for _, s in ipairs { "http", "80", "domain", "ntp", "nosuch", "0", "65536", "-1", "" } do
    show(h, s, S.getaddrinfo(h, s, { family = S.AF_INET }))
    show(h, s, S.getaddrinfo(h, s, { family = S.AF_INET, socktype = S.SOCK_STREAM }))
    show(h, s, S.getaddrinfo(h, s, { socktype = S.SOCK_DGRAM, flags = S.AI_NUMERICHOST | S.AI_NUMERICSERV }))
  end
end
show(S.getaddrinfo(nil, "80", { flags = S.AI_PASSIVE, socktype = 1 }))
show(S.getaddrinfo("10.0.2.2", 80, { socktype = 1 }))
show(S.getaddrinfo("10.0.2.2", nil, { socktype = 1 }))
show(S.getaddrinfo("10.0.2.2"))
for n = 0, 134 do print(E.errno(n)) end
print(E.errno(-1)) print(E.errno(100000))
E.set_errno(5) print(E.errno())
S.socket(99, 1, 0) print(E.errno())
print(U.getuid(), U.geteuid(), U.getgid(), U.getegid())
print(type(U.getpid()), type(U.getppid()))
