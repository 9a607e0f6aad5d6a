-- A page has changed.  KEYS[1] its last cursor, kept for a while; ARGV channel, cursor, how long (ms)
local last = tonumber(redis.call('GET', KEYS[1]) or '0')
if tonumber(ARGV[2]) > last then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return redis.call('PUBLISH', ARGV[1], ARGV[2])
