-- A worker is alive and busy.  ARGV worker, presence (ms), then entry and deliveries of each job in hand
-- -> the entries that are not the worker's any more
local worker, mine, lost = ARGV[1], {}, {}
redis.call('SET', prefix .. 'worker:' .. worker, '1', 'PX', ARGV[2])
if #ARGV == 2 then return lost end
for _, held in ipairs(redis.call('XPENDING', claims, 'workers', '-', '+', 100000, worker)) do mine[held[1]] = held[4] end
for i = 3, #ARGV, 2 do
  if mine[ARGV[i]] == tonumber(ARGV[i + 1]) then
    redis.call('XCLAIM', claims, 'workers', worker, 0, ARGV[i], 'JUSTID')
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost
