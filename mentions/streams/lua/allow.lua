-- A token bucket, kept as the time at which it is full again (GCRA).  KEYS[1] bucket; ARGV ms per token, size, now (ms)
-- -> 0 allowed | ms to wait
local per_token, size, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + per_token
local wait = full_at - size * per_token - now
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.3f', full_at), 'PX', math.ceil(full_at - now))
return 0
