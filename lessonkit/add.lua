-- Add jobs to a queue. KEYS: queue.  ARGV: delay in ms, events kept, then an envelope for each job.
-- Answers the number of the first; the others count up from there.
local queue, delay_ms, events_kept = KEYS[1], tonumber(ARGV[1]), ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = string.format('%.0f.%03d', now, time[2] % 1000)
local last = redis.call('INCRBY', queue .. ':ids', #ARGV - 2)
for n = 3, #ARGV do
  local id = string.format('%s:%08d', queue, last - #ARGV + n)
  redis.call('SET', 'arq:job:' .. id, ARGV[n])
  -- ZINCRBY, not ZADD: workers are woken once, below, and not by each job
  redis.call('ZINCRBY', queue, now + delay_ms, id)
  redis.call('XADD', queue .. ':events', 'MAXLEN', '~', events_kept, '*',
    'event', 'waiting', 'at', at, 'job', id, 'delay_ms', delay_ms)
end
redis.call('PUBLISH', queue .. ':wake', '')
return last - #ARGV + 3
