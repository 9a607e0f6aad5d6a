-- What dead workers held, and what was handed out into the void, comes to this worker.
-- ARGV worker, at most, stalled (ms without a sign), suspect, limit (deliveries), now, kept (buried)
-- -> list of {entry, id, deliveries, 1 if it is buried now}
-- A claim that is to be handed out for the `suspect`-th time or more may be what kills workers: a worker gets such a
-- claim only while it holds no other, so that the innocent ones beside it do not come to the limit too.
local worker, room, stalled, now = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[6]
local suspect, limit, kept = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[7]
local consumers = redis.pcall('XINFO', 'CONSUMERS', claims, 'workers')
if consumers.err then return {} end -- nobody has taken anything yet

local stray = redis.call('XPENDING', claims, 'workers', 'IDLE', stalled, '-', '+', 1000)
for _, consumer in ipairs(consumers) do
  local name, pending = consumer[2], consumer[4]
  if name ~= worker and not is_alive(name) then
    if pending == 0 then redis.call('XGROUP', 'DELCONSUMER', claims, 'workers', name) end
    for _, held in ipairs(redis.call('XPENDING', claims, 'workers', '-', '+', 1000, name)) do
      stray[#stray + 1] = held
    end
  end
end

local has_suspect, seen, taken = false, {}, {}
for _, held in ipairs(redis.call('XPENDING', claims, 'workers', '-', '+', 1000, worker)) do
  has_suspect = has_suspect or held[4] >= suspect
end
for _, held in ipairs(stray) do
  local entry, deliveries = held[1], held[4] + 1
  local is_suspect = deliveries >= suspect and deliveries <= limit
  if #taken < room and not seen[entry] and not (is_suspect and has_suspect) then
    seen[entry] = true
    local got = redis.call('XCLAIM', claims, 'workers', worker, 0, entry)[1]
    if not got then
      redis.call('XACK', claims, 'workers', entry) -- deleted by a stranger's hand
    elseif deliveries > limit then
      bury(got[2][2], entry, 'handed out ' .. held[4] .. ' times without an end', now, held[4], kept)
      taken[#taken + 1] = {entry, got[2][2], deliveries, 1}
    else
      has_suspect = has_suspect or is_suspect
      taken[#taken + 1] = {entry, got[2][2], deliveries, 0}
    end
  end
end
return taken
