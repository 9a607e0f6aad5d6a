-- A claim is tried again later.  KEYS[5] pair, KEYS[6] claim; ARGV id, entry, worker, deliveries, due (s since the
-- epoch), then fields and values of the claim that change  -> 1, or 0: not the worker's
local pair, claim, id, entry, due = KEYS[5], KEYS[6], ARGV[1], ARGV[2], ARGV[5]
if not owns(entry, ARGV[3], ARGV[4]) then return 0 end
drop_entry(entry)
redis.call('HSET', pair, id, 'delayed')
redis.call('ZADD', delayed, due, id)
redis.call('HSET', claim, unpack(ARGV, 6))
redis.call('HDEL', claim, 'owner')
wake(pair)
return 1
