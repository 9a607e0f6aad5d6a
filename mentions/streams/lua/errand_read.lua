-- The answer to an errand, once.  KEYS[1] the answer  -> the answer | nil: there is none yet
local answer = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
return answer
