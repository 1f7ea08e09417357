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
beyond("send", flags)
beyond("bind", function(_, a) return family(a) end)
beyond("connect", function(_, a) return family(a) end)
beyond("sendto", function(_, _, a) return family(a) end)
beyond("setsockopt", function(_, level, name, v)
  return type(v) == "string" or level == 263 and (name == 1 or name == 2)
end)

-- TCP_INFO of 5.15
local info = "B:state B:ca_state B:retransmits B:probes B:backoff B:options B:wscale B:bits I:rto I:ato I:snd_mss I:rcv_mss " ..
  "I:unacked I:sacked I:lost I:retrans I:fackets I:last_data_sent I:last_ack_sent I:last_data_recv I:last_ack_recv " ..
  "I:pmtu I:rcv_ssthresh I:rtt I:rttvar I:snd_ssthresh I:snd_cwnd I:advmss I:reordering I:rcv_rtt I:rcv_space " ..
  "I:total_retrans J:pacing_rate J:max_pacing_rate J:bytes_acked J:bytes_received I:segs_out I:segs_in I:notsent_bytes " ..
  "I:min_rtt I:data_segs_in I:data_segs_out J:delivery_rate J:busy_time J:rwnd_limited J:sndbuf_limited I:delivered " ..
  "I:delivered_ce J:bytes_sent J:bytes_retrans I:dsack_dups I:reord_seen I:rcv_ooopack I:snd_wnd"
local function tcp_info(fd)
  local raw, msg, errno = more.getsockopt(fd, 6, 11, 232)
  if not raw then return raw, msg, errno end
  local t, at = {}, 1
  for kind, name in info:gmatch "(.):(%g+)" do t["tcpi_" .. name], at = string.unpack("=" .. kind, raw, at) end
  t.tcpi_snd_wscale, t.tcpi_rcv_wscale = t.tcpi_wscale & 15, t.tcpi_wscale >> 4
  t.tcpi_delivery_rate_app_limited, t.tcpi_fastopen_client_fail = t.tcpi_bits & 1, t.tcpi_bits >> 1 & 3
  t.tcpi_wscale, t.tcpi_bits = nil, nil
  return t
end
function S.getsockopt(fd, level, name, len)
  if level == 6 and name == 11 and not len then return tcp_info(fd) end
  return more.getsockopt(fd, level, name, len)
end
S.getsockname = more.getsockname -- luaposix 33.4 tells no family
for _, name in ipairs { "getpeername", "if_nametoindex", "sendmsg", "recvmsg" } do S[name] = S[name] or more[name] end
for name, value in pairs {
  AF_PACKET = 17, SO_DOMAIN = 39, SO_PRIORITY = 12, SO_PROTOCOL = 38, SO_REUSEPORT = 15, TCP_MAXSEG = 2, TCP_CORK = 3,
  TCP_KEEPIDLE = 4, TCP_KEEPINTVL = 5, TCP_KEEPCNT = 6, TCP_SYNCNT = 7, TCP_LINGER2 = 8, TCP_DEFER_ACCEPT = 9,
  TCP_WINDOW_CLAMP = 10, TCP_INFO = 11, TCP_QUICKACK = 12, TCP_CONGESTION = 13, TCP_USER_TIMEOUT = 18,
  TCP_MD5SIG = 14, TCP_THIN_LINEAR_TIMEOUTS = 16, TCP_THIN_DUPACK = 17, TCP_REPAIR = 19, TCP_FASTOPEN = 23,
  TCP_TIMESTAMP = 24, TCP_NOTSENT_LOWAT = 25, TCP_CC_INFO = 26, TCP_SAVE_SYN = 27, TCP_SAVED_SYN = 28,
  TCP_FASTOPEN_CONNECT = 30, TCP_ULP = 31, TCP_FASTOPEN_KEY = 33, TCP_FASTOPEN_NO_COOKIE = 34, TCP_INQ = 36,
  TCP_CM_INQ = 36, SO_BUSY_POLL = 46, SO_COOKIE = 57, SO_INCOMING_CPU = 49, SO_MARK = 36, SO_MAX_PACING_RATE = 47,
  SO_MEMINFO = 55, SO_NO_CHECK = 11, SO_PEEK_OFF = 42, SO_PEERNAME = 28, SO_RCVBUFFORCE = 33, SO_SNDBUFFORCE = 32,
  SO_RXQ_OVFL = 40, SO_TIMESTAMP = 29, SO_TIMESTAMPNS = 35, SO_TIMESTAMPING = 37, SO_ZEROCOPY = 60,
  SOCK_CLOEXEC = 0x80000, SOCK_NONBLOCK = 0x800, IPPROTO_RAW = 255, MSG_OOB = 1, MSG_PEEK = 2, MSG_WAITALL = 0x100,
  MSG_DONTWAIT = 0x40, MSG_TRUNC = 0x20, MSG_NOSIGNAL = 0x4000, MSG_MORE = 0x8000, MSG_CTRUNC = 8, MSG_EOR = 0x80,
  MSG_ERRQUEUE = 0x2000, MSG_ZEROCOPY = 0x4000000, MSG_FASTOPEN = 0x20000000, INADDR_ANY = 0, SOL_IP = 0,
  IP_TTL = 2, IP_TOS = 1, IP_RECVERR = 11, IP_MTU_DISCOVER = 10,
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

package.preload["posix.sys.uio"] = function()
  return { readv = more.readv, writev = more.writev, splice = more.splice, SPLICE_F_MOVE = 1, SPLICE_F_NONBLOCK = 2,
           SPLICE_F_MORE = 4 }
end

package.preload["posix.sys.ioctl"] = function()
  return { ioctl = more.ioctl, SIOCINQ = 0x541B, SIOCOUTQ = 0x5411, SIOCOUTQNSD = 0x894B, SIOCATMARK = 0x8905 }
end
