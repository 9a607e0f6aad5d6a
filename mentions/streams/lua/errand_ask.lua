-- An errand for a worker.  KEYS[1] errands by deadline, KEYS[2] its facts; ARGV id, facts, how long (ms), bound
-- -> 1 | 0: too many wait already.  What nobody took in time is forgotten here; a queue that nobody asks goes by itself.
local time = redis.call('TIME')
local now, ms = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ms)
redis.call('ZADD', KEYS[1], now + ms, ARGV[1])
local kept = ms + 60000 -- longer than the facts: who asked in vain sees by the id that nobody took it
if redis.call('PTTL', KEYS[1]) < kept then redis.call('PEXPIRE', KEYS[1], kept) end
return 1
