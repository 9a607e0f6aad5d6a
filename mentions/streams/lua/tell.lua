-- There is news of a claim.  KEYS[1] claim; ARGV channel.  The mark is for those who begin to listen too late.
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'told', '1') end
return redis.call('PUBLISH', ARGV[1], '1')
