-- Revives a buried claim, as if it had just come.  KEYS[5] pair, KEYS[6] claim; ARGV id  -> 1, or 0: it is not buried
local pair, claim, id = KEYS[5], KEYS[6], ARGV[1]
if redis.call('ZREM', buried, id) == 0 then return 0 end
redis.call('HSET', claim, 'attempts', 0)
redis.call('HDEL', claim, 'first_tried_at', 'reason', 'buried_at', 'deliveries', 'note')
enqueue(pair, id)
return 1
