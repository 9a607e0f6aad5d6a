-- A worker will not do a job after all.  KEYS[5] pair; ARGV id, entry, worker, deliveries  -> 1, or 0: not the worker's
if not owns(ARGV[2], ARGV[3], ARGV[4]) then return 0 end
drop_entry(ARGV[2])
enqueue(KEYS[5], ARGV[1])
redis.call('HDEL', KEYS[6], 'owner')
wake(KEYS[5])
return 1
