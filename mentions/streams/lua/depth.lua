-- -> {waiting, delayed, in flight, buried}
local handed_out = redis.pcall('XPENDING', claims, 'workers')
local in_flight = handed_out[1] or 0
local waiting = redis.call('XLEN', claims) + redis.call('SCARD', parked) - in_flight
return {waiting, redis.call('ZCARD', delayed), in_flight, redis.call('ZCARD', buried)}
