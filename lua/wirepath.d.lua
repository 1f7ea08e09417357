---@meta
-- Completion for editors (LuaLS): the scenario API and the posix modules. Not loaded by wirepath.

---@class sim
---@field now integer virtual time in nanoseconds
---@field seed integer the run's seed
local sim = {}

---A network to put hosts into.
---@return wirepath.network
function sim.network() end

---Lets virtual time pass: until nothing is left to happen, or for a duration ("10ms", "2s", or seconds).
---@param duration? string|number
---@return "idle"|"until"
function sim.run(duration) end

---In a program: sleeps.
---@param duration string|number
function sim.sleep(duration) end

---Calls a function at a virtual time (from the start of the run).
---@param time string|number
---@param fn fun()
function sim.at(time, fn) end

---Prints a line with the virtual time.
function sim.log(...) end

---Ends the run with exit code 1 when `cond` is false: tells file, line, time and host.
---@generic T
---@param cond T
---@param message? string
---@return T
function sim.assert(cond, message) end

---Asserts that two values are equal, and shows both.
---@param have any
---@param want any
---@param message? string
function sim.equal(have, want, message) end

---A parameter given by `--set name=value`, converted to the type of `default`.
---@generic T
---@param name string
---@param default? T
---@return T
function sim.param(name, default) end

---Functions take CPU time, as with --profile. Before the first host is made.
---@param name "ast2500"
function sim.profile(name) end

---Asks for a call chart in the run folder (and on the terminal, with `show`).
---@param fn string name of the function at the top
---@param options? { host?: string, depth?: integer, nth?: integer, style?: "nested"|"outline", show?: boolean }
function sim.chart(fn, options) end

---Keeps all objects of all hosts as they are now, for `wirepath objects DIR --at NAME`: in the scenario or in a program.
---@param name string
function sim.snapshot(name) end

---@class wirepath.network
local network = {}

---A host with one card (eth0), or one per address.
---@param name string
---@param options? { addr?: string|string[], gw?: string, rx_checksums?: boolean, card?: "ftgmac100"|"pio" }
---@return wirepath.host
function network:host(name, options) end

---@class wirepath.link.options
---@field rate? string|number "100Mbit"; default: the card's speed
---@field delay? string|number default "50us"
---@field queue? integer frames that may wait for the wire
---@field jitter? string|number up to this much more delay
---@field loss? number|string probability per frame: 0.1 or "10%"
---@field duplicate? number|string
---@field corrupt? number|string one bit is flipped: the card sees a bad FCS
---@field corrupt_fcs_ok? boolean corrupt with a right FCS: only checksums see it
---@field reorder? number|string
---@field reorder_delay? string|number how late a reordered frame is (default 1 ms)
---@field from? wirepath.host only frames sent by this host's end

---A cable between two ends: hosts (their next free card), "host:eth1", or switches.
---@param a wirepath.host|wirepath.switch|string
---@param b wirepath.host|wirepath.switch|string
---@param options? wirepath.link.options
---@return wirepath.link
function network:link(a, b, options) end

---A learning switch.
---@param name string
---@return wirepath.switch
function network:switch(name) end

---A hub.
---@param name string
---@return wirepath.switch
function network:hub(name) end

---@class wirepath.switch
local switch = {}

---Plugs hosts in; returns the links.
---@param ... wirepath.host|wirepath.switch|string|wirepath.link.options
---@return wirepath.link ...
function switch:connect(...) end

---@class wirepath.link
local link = {}

---Changes rate, delay or faults from now on.
---@param options wirepath.link.options
function link:set(options) end
function link:up() end
function link:down() end

---Loses the next n frames (that match).
---@param n? integer default 1
---@param options? { from?: wirepath.host, match?: fun(bytes: string): boolean }
function link:drop(n, options) end

---Counters of both directions; `waiting`: the frames that wait for the wire now.
---@return table forward, table backward
function link:stats() end

---@class wirepath.host
---@field name string
local host = {}

---Runs a function as a program on the host, sharing the scenario's variables.
---@overload fun(self: wirepath.host, fn: fun()): wirepath.program
---@param name string
---@param fn fun()
---@return wirepath.program
function host:run(name, fn) end

---Runs a file as a program with a Lua state of its own; its print() goes to HOST.FILE.out in the run folder.
---@param file string in the scenario's folder
---@param ... string|number arguments
---@return wirepath.program
function host:exec(file, ...) end

---Runs a command of the host (ip, ping, traceroute, netstat, ss, route, arp, ethtool, sysctl, dmesg, cat, echo,
---iptables) and
---returns what the real tool writes: output, exit status, errors. Raises the errors of one that failed, unless `check`
---is false. ping and traceroute run in the calling program when it is one of this host; else they become a program,
---which is returned.
---@param line string
---@param options? { check?: boolean }
---@return string|wirepath.program output
---@return integer? status
---@return string? errors
function host:sh(line, options) end

---@class wirepath.rule
---@field table? "filter"|"nat"
---@field at? integer insert it there; without: at the end
---@field protocol? string|integer
---@field source? string address or net; here as elsewhere "!..." means all others
---@field destination? string
---@field input? string device
---@field output? string device
---@field sport? string|integer port, or "80:90"
---@field dport? string|integer
---@field icmp_type? string|integer
---@field state? string "ESTABLISHED,RELATED"
---@field limit? string "1/s"
---@field target? string "ACCEPT", "DROP", "REJECT", "LOG", "DNAT", ..., or a chain
---@field reject_with? string
---@field log_prefix? string
---@field to_destination? string
---@field to_source? string
---@field to_ports? string

---A rule of netfilter, as the iptables command that these words make.
---@param chain string
---@param words wirepath.rule
---@return string output
---@return integer status
---@return string errors
function host:rule(chain, words) end

---The kernel's log.
---@return string
function host:dmesg() end
---Captures inside the host, as tcpdump does there: HOST.DEV.tap.pcapng in the run folder.
---@param dev string "eth0", or "any"
function host:capture(dev) end

---@class wirepath.program
local program = {}

---Waiting for ever is this program's business: not a deadlock.
---@return wirepath.program
function program:daemon() end

---nil while it runs, its exit code when it has ended.
---@return integer?
function program:status() end

---`require "posix.sys.epoll"`: not in luaposix. Masks are integers (EPOLLIN | EPOLLET); EPOLL* are constants.
---@class posix.sys.epoll
local epoll = {}

---A set of files to wait on.
---@param flags? integer EPOLL_CLOEXEC
---@return integer? epfd, string? message, integer? errno
function epoll.epoll_create1(flags) end

---Adds (EPOLL_CTL_ADD), changes (_MOD) or removes (_DEL) a file of the set.
---@param epfd integer
---@param op integer
---@param fd integer
---@param events? integer
---@param data? integer comes back with the event (default: fd)
---@return integer? zero, string? message, integer? errno
function epoll.epoll_ctl(epfd, op, fd, events, data) end

---Waits until files of the set are ready.
---@param epfd integer
---@param maxevents integer
---@param ms? integer -1: for ever (default), 0: not at all
---@return { events: integer, data: integer }[]? ready, string? message, integer? errno
function epoll.epoll_wait(epfd, maxevents, ms) end

---`require "posix.sys.select"`: not in luaposix. Lists of descriptors, each below FD_SETSIZE.
---@class posix.sys.select
local selects = {}

---Waits until a descriptor can be read, can be written, or has urgent data; without a time for ever. Returns what is ready, in the
---order of the lists given, and what is left of the time.
---@param rd? integer[]
---@param wr? integer[]
---@param ex? integer[]
---@param time? { tv_sec: integer?, tv_usec: integer? }
---@return integer[]? rd, integer[]|string wr, integer[]|integer ex, { tv_sec: integer, tv_usec: integer }? left
function selects.select(rd, wr, ex, time) end

---The same with nanoseconds.
---@param rd? integer[]
---@param wr? integer[]
---@param ex? integer[]
---@param time? { tv_sec: integer?, tv_nsec: integer? }
---@return integer[]? rd, integer[]|string wr, integer[]|integer ex, { tv_sec: integer, tv_nsec: integer }? left
function selects.pselect(rd, wr, ex, time) end

---`require "posix.sys.uio"`: not in luaposix. SPLICE_F_* are constants.
---@class posix.sys.uio
local uio = {}

---@param fd integer
---@param buffers string[]
---@return integer? written, string? message, integer? errno
function uio.writev(fd, buffers) end

---Strings of the lengths asked for, as far as there is data.
---@param fd integer
---@param lengths integer[]
---@return string? ...
function uio.readv(fd, lengths) end

---Moves data between a pipe and a socket.
---@param from integer
---@param to integer
---@param n integer
---@param flags? integer
---@return integer? moved, string? message, integer? errno
function uio.splice(from, to, n, flags) end

---`posix.sys.socket`, beyond luaposix: bytes of options, several buffers, control messages.
---@class posix.sys.socket
local socket = {}

---An integer; a table for SO_LINGER, SO_RCVTIMEO, SO_SNDTIMEO and TCP_INFO; text for TCP_CONGESTION; with a length bytes.
---@param fd integer
---@param level integer
---@param name integer
---@param length? integer
---@return integer|string|table|nil value, string? message, integer? errno
function socket.getsockopt(fd, level, name, length) end

---@class wirepath.control
---@field level integer
---@field type integer
---@field data string

---@param fd integer
---@param data string|string[]
---@param control? wirepath.control[]
---@param flags? integer
---@param address? table
---@return integer? sent, string? message, integer? errno
function socket.sendmsg(fd, data, control, flags, address) end

---@param fd integer
---@param n integer
---@param room? integer bytes for control messages
---@param flags? integer
---@return string? data, wirepath.control[]|string control, integer flags, table? address
function socket.recvmsg(fd, n, room, flags) end

---`require "posix.sys.ioctl"`: requests about interfaces and sockets; not in luaposix. SIOC* and IFF_* are constants.
---@class posix.sys.ioctl
local ioctl = {}

---What is asked for: an integer (flags, MTU, index, bytes of a queue) or an address; SIOCSIFFLAGS sets the flags and returns 0.
---@param fd integer any socket
---@param request integer
---@param interface? string not for SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK
---@param flags? integer
---@return integer|string|nil answer, string? message, integer? errno
function ioctl.ioctl(fd, request, interface, flags) end

return sim
