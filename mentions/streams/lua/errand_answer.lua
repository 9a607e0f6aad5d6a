-- The answer to an errand, for whoever asks still.  KEYS[1] the answer; ARGV channel, answer, how long it is kept (ms)
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return redis.call('PUBLISH', ARGV[1], '1')
