-- Only for recording on a real Linux: adds to Debian's posix.sys.socket what more.c has, for the calls that
-- luaposix's own functions would refuse. prelude.lua asks for it; a program without the prelude has plain luaposix.
local S, more = require "posix.sys.socket", require "more"

local function beyond(name, test)
  local orig = S[name]
  S[name] = function(...)
    if test(...) then return more[name](...) end
    return orig(...)
  end
end
local function flags(fd, _, f) return math.type(f) == "integer" or more.getsockopt(fd, 1, 39) == 17 end
local function family(a) return type(a) == "table" and (a.family == 17 or a.family == 0) end

beyond("recv", flags)
beyond("recvfrom", flags)
beyond("getsockname", function(fd) return more.getsockopt(fd, 1, 39) == 17 end)
beyond("send", flags)
beyond("bind", function(_, a) return family(a) end)
beyond("connect", function(_, a) return family(a) end)
beyond("sendto", function(_, _, a) return family(a) end)
beyond("setsockopt", function(_, level, name) return level == 263 and (name == 1 or name == 2) end)
for _, name in ipairs { "getpeername", "getsockopt", "if_nametoindex" } do S[name] = S[name] or more[name] end
for name, value in pairs {
  AF_PACKET = 17, SO_DOMAIN = 39, SO_PRIORITY = 12, SO_PROTOCOL = 38, SO_REUSEPORT = 15, TCP_MAXSEG = 2, TCP_CORK = 3,
  TCP_KEEPIDLE = 4, TCP_KEEPINTVL = 5, TCP_KEEPCNT = 6, TCP_SYNCNT = 7, TCP_LINGER2 = 8, TCP_DEFER_ACCEPT = 9,
  TCP_WINDOW_CLAMP = 10, TCP_QUICKACK = 12, TCP_USER_TIMEOUT = 18, SOCK_CLOEXEC = 0x80000, SOCK_NONBLOCK = 0x800,
  IPPROTO_RAW = 255, MSG_OOB = 1, MSG_PEEK = 2, MSG_WAITALL = 0x100, MSG_DONTWAIT = 0x40, MSG_TRUNC = 0x20,
  MSG_NOSIGNAL = 0x4000, MSG_MORE = 0x8000, INADDR_ANY = 0,
} do S[name] = S[name] or value end

package.preload["posix.sys.epoll"] = function()
  return {
    epoll_create1 = more.epoll_create1, epoll_ctl = more.epoll_ctl, epoll_wait = more.epoll_wait,
    EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3, EPOLL_CLOEXEC = 0x80000, EPOLLIN = 1, EPOLLPRI = 2, EPOLLOUT = 4,
    EPOLLERR = 8, EPOLLHUP = 0x10, EPOLLRDHUP = 0x2000, EPOLLEXCLUSIVE = 1 << 28, EPOLLWAKEUP = 1 << 29,
    EPOLLONESHOT = 1 << 30, EPOLLET = 1 << 31,
  }
end

package.preload["posix.sys.select"] = function()
  return { select = more.select, pselect = more.pselect, FD_SETSIZE = 1024 }
end
