-- Words that the queue's scripts share; put in front of each of them.
--
-- An open claim has one place, kept in the hash of its pair (one source and one target):
--   ready    on the stream: a worker may take it, or has taken it and not started
--   running  a worker has started on it
--   delayed  in the sorted set `delayed`, until it is due
--   parked   behind the running claim of its pair; comes onto the stream when that one is done
local claims, delayed, parked, buried = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local prefix = string.sub(claims, 1, -7)

local function claim_key(id) return prefix .. 'claim:' .. id end
local function pair_of(id) return prefix .. 'pair:' .. (redis.call('HGET', claim_key(id), 'pair') or '') end
local function is_alive(worker) return redis.call('EXISTS', prefix .. 'worker:' .. worker) == 1 end

local function places(pair)
  local flat, found = redis.call('HGETALL', pair), {}
  for i = 1, #flat, 2 do found[flat[i]] = flat[i + 1] end
  return found
end

-- Is a living worker busy with another claim of this pair?
local function is_busy(pair, id, found)
  for other, place in pairs(found or places(pair)) do
    if place == 'running' and other ~= id then
      local owner = redis.call('HGET', claim_key(other), 'owner')
      if owner and is_alive(owner) then return true end
    end
  end
  return false
end

local function park(pair, id)
  redis.call('HSET', pair, id, 'parked')
  redis.call('SADD', parked, id)
end

local function make_ready(pair, id)
  redis.call('HSET', pair, id, 'ready')
  redis.call('XADD', claims, '*', 'id', id)
end

local function enqueue(pair, id)
  redis.call('HSET', claim_key(id), 'status', 'queued')
  redis.call('HDEL', claim_key(id), 'next_try_at', 'told')
  if is_busy(pair, id) then park(pair, id) else make_ready(pair, id) end
end

-- A delayed claim is tried now.
local function promote(pair, id)
  redis.call('ZREM', delayed, id)
  enqueue(pair, id)
end

-- A claim of this pair stopped running: those behind it may be taken.
local function wake(pair)
  if is_busy(pair, '') then return end
  for id, place in pairs(places(pair)) do
    if place == 'parked' then
      redis.call('SREM', parked, id)
      make_ready(pair, id)
    end
  end
end

-- Is this delivery still the worker's own?  Not when another has taken it over, or it was ended.
local function owns(entry, worker, deliveries)
  local held = redis.call('XPENDING', claims, 'workers', entry, entry, 1, worker)
  return held[1] ~= nil and held[1][4] == tonumber(deliveries)
end

local function drop_entry(entry)
  redis.call('XACK', claims, 'workers', entry)
  redis.call('XDEL', claims, entry)
end

-- Gives a claim up; the oldest beyond `kept` are forgotten.
local function bury(id, entry, reason, now, deliveries, kept)
  local pair = pair_of(id)
  drop_entry(entry)
  redis.call('HDEL', pair, id)
  redis.call('ZADD', buried, now, id)
  redis.call('HSET', claim_key(id), 'status', 'queued', 'reason', reason, 'buried_at', now, 'deliveries', deliveries)
  redis.call('HDEL', claim_key(id), 'owner', 'next_try_at')
  for _, old in ipairs(redis.call('ZRANGE', buried, 0, -1 - tonumber(kept))) do
    redis.call('ZREM', buried, old)
    redis.call('DEL', claim_key(old))
  end
  wake(pair)
end
