-- Accepts a claim.  KEYS[5] pair, KEYS[6] claim; ARGV id, bound, then fields and values of the claim.
-- -> {id, 0} accepted | {id of an equal claim that waits, 1} coalesced | {'', 0} the queue is full
local pair, claim, id, bound = KEYS[5], KEYS[6], ARGV[1], tonumber(ARGV[2])
local found, equal = places(pair), nil
if found[id] then return {id, 0} end -- sent again, because the first answer was lost
for other, place in pairs(found) do
  if place == 'ready' or place == 'parked' or (place == 'delayed' and not equal) then equal = other end
end
if equal then
  if found[equal] == 'delayed' then promote(pair, equal) end
  return {equal, 1}
end

local open = redis.call('XLEN', claims) + redis.call('ZCARD', delayed) + redis.call('SCARD', parked)
if open >= bound then
  local handed_out = redis.pcall('XPENDING', claims, 'workers')
  if open - (handed_out[1] or 0) >= bound then return {'', 0} end
end

redis.call('HSET', claim, 'status', 'queued', unpack(ARGV, 3))
if is_busy(pair, id, found) then park(pair, id) else make_ready(pair, id) end
return {id, 0}
