-- What a taken errand is about, once.  KEYS[1] its facts  -> {facts, how long there is (ms)} | {}: its time is over
local ms, facts = redis.call('PTTL', KEYS[1]), redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
if not facts or ms <= 0 then return {} end
return {facts, ms}
