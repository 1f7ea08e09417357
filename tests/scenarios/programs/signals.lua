-- Handlers, alarm, EINTR.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then return end
local G = require "posix.signal"
local T = require "posix.time"
show("default", G.signal(G.SIGALRM, function(n) print("alarm", n) end))
show("alarm", U.alarm(1))
local l = M.listener(7000)
show("accept", S.accept(l))
show("alarm", U.alarm(1))
local u = S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
S.bind(u, M.at(7001, "0.0.0.0"))
show("recv", S.recv(u, 10))
show("alarm", U.alarm(1))
show("poll", P.poll({ [u] = { events = { IN = true } } }, 5000))
show("alarm", U.alarm(1))
show("rpoll", P.rpoll(u, 5000))
show("alarm", U.alarm(1))
show("sleep", U.sleep(3))
show("alarm", U.alarm(1))
local r, msg, e = T.nanosleep { tv_sec = 3, tv_nsec = 0 }
show("nanosleep", r, msg, e)
show("alarm", U.alarm(10))
show("alarm off", U.alarm(0))
show("alarm off", U.alarm(0))
show("raise", G.raise(G.SIGALRM))
show("kill", G.kill(U.getpid(), G.SIGALRM))
show("kill 0", G.kill(U.getpid(), 0))
show("kill -1 signal", G.kill(U.getpid(), -1))
show("kill 65", G.kill(U.getpid(), 65))
show("nobody", G.kill(99999999, 0))
show("ignore", type(G.signal(G.SIGALRM, G.SIG_IGN)))
show("alarm", U.alarm(1))
show("poll", P.poll({}, 1500))
show("was", G.signal(G.SIGALRM, nil))
show("SIGKILL", G.signal(G.SIGKILL, G.SIG_IGN))
show("signal 0", G.signal(0, nil))
show("signal 99", G.signal(99, nil))
show("usr1", G.signal(G.SIGUSR1, function() error "in the handler" end))
show("raise", G.raise(G.SIGUSR1))
show("SIGURG does nothing", G.raise(G.SIGURG))
show("pending data survive", S.sendto(u, "x", M.at(7001, "127.0.0.1")))
show("recv", S.recv(u, 10))
io.stdout:flush()
G.raise(G.SIGTERM)
print "never"
