-- Delayed claims that are due come onto the stream.  ARGV now (s since the epoch), at most  -> how many
local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, id in ipairs(due) do
  if redis.call('EXISTS', claim_key(id)) == 1 then promote(pair_of(id), id) else redis.call('ZREM', delayed, id) end
end
return #due
