-- A worker starts on a claim.  KEYS[5] pair, KEYS[6] claim; ARGV id, entry, worker, deliveries
-- -> 1 started | 0 parked behind the running claim of its pair | -1 not the worker's any more
local pair, claim, id, entry, worker = KEYS[5], KEYS[6], ARGV[1], ARGV[2], ARGV[3]
if not owns(entry, worker, ARGV[4]) then return -1 end
if redis.call('EXISTS', claim) == 0 then
  drop_entry(entry)
  redis.call('HDEL', pair, id)
  return -1
end
if is_busy(pair, id) then
  drop_entry(entry)
  park(pair, id)
  redis.call('HSET', claim, 'status', 'queued')
  return 0
end
redis.call('HSET', pair, id, 'running')
redis.call('HSET', claim, 'status', 'pending', 'owner', worker)
redis.call('HDEL', claim, 'told', 'next_try_at')
return 1
