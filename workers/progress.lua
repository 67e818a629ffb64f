-- How far a job is. KEYS: queue.  ARGV: id, worker or '', attempt, percent, events kept.
-- A worker that lost its lease has no more to say about the job.
local queue, id, worker = KEYS[1], ARGV[1], ARGV[2]
local owner = redis.call('GET', 'arq:in-progress:' .. id)
if worker ~= '' and owner and owner ~= worker then return 0 end
local time = redis.call('TIME')
redis.call('SET', 'arq:progress:' .. id, ARGV[4], 'EX', 86400)
redis.call('XADD', queue .. ':events', 'MAXLEN', '~', ARGV[5], '*', 'event', 'progress',
  'at', string.format('%.0f.%03d', time[1] * 1000 + math.floor(time[2] / 1000), time[2] % 1000),
  'worker', worker, 'job', id, 'attempt', ARGV[3], 'progress', ARGV[4])
return 1
