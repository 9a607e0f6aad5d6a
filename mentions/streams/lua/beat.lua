-- A worker is alive and busy.  ARGV worker, presence (ms), refresh (ms), then entry and deliveries of each job in hand
-- -> the entries that are not the worker's any more.  A job that was idle for longer than `refresh` counts as fresh.
local worker, refresh, mine, lost = ARGV[1], tonumber(ARGV[3]), {}, {}
redis.call('SET', prefix .. 'worker:' .. worker, '1', 'PX', ARGV[2])
if #ARGV == 3 then return lost end
for _, held in ipairs(redis.call('XPENDING', claims, 'workers', '-', '+', 100000, worker)) do mine[held[1]] = held end
for i = 4, #ARGV, 2 do
  local held = mine[ARGV[i]]
  if not held or held[4] ~= tonumber(ARGV[i + 1]) then
    lost[#lost + 1] = ARGV[i]
  elseif held[3] > refresh then
    redis.call('XCLAIM', claims, 'workers', worker, 0, ARGV[i], 'JUSTID')
  end
end
return lost
