-- A worker goes: what it still holds may be taken over at once.  ARGV worker
redis.call('DEL', prefix .. 'worker:' .. ARGV[1])
local held = redis.pcall('XPENDING', claims, 'workers', '-', '+', 1, ARGV[1])
if not held.err and #held == 0 then redis.call('XGROUP', 'DELCONSUMER', claims, 'workers', ARGV[1]) end
return 1
