-- Nobody asks any more, unless a worker is at it.  KEYS[1] errands, KEYS[2] its facts; ARGV id
-- -> 1: nobody had taken it | 0
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('DEL', KEYS[2])
return 1
