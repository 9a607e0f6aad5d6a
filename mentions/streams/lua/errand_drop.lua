-- Nobody asks any more.  KEYS[1] errands, KEYS[2] its facts; ARGV id  -> 1: nobody had taken it | 0
redis.call('DEL', KEYS[2])
return redis.call('ZREM', KEYS[1], ARGV[1])
