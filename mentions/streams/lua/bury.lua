-- A worker gives a claim up.  ARGV id, entry, worker, deliveries, reason, now, kept  -> 1, or 0: not the worker's
if not owns(ARGV[2], ARGV[3], ARGV[4]) then return 0 end
bury(ARGV[1], ARGV[2], ARGV[5], ARGV[6], ARGV[4], ARGV[7])
return 1
