-- A lease is given back.  KEYS[1] leases; ARGV token
return redis.call('ZREM', KEYS[1], ARGV[1])
