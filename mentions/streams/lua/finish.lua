-- A claim has its outcome.  KEYS[5] pair, KEYS[6] claim; ARGV id, entry, worker, deliveries  -> 1, or 0: not the worker's
local pair, claim, id, entry = KEYS[5], KEYS[6], ARGV[1], ARGV[2]
if not owns(entry, ARGV[3], ARGV[4]) then return 0 end
drop_entry(entry)
redis.call('HDEL', pair, id)
redis.call('DEL', claim)
wake(pair)
return 1
