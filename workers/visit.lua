-- One visit by a worker: report the jobs that ended, take as many due jobs as it has free slots.
-- KEYS: queue.  ARGV: worker, number of the visit, lease in ms, free slots, 1 if it may take over
-- lapsed leases, limiter's max (0: none) and duration in ms, events kept; then for each ended job:
-- id, attempt, outcome, result, how long to keep it in ms, when to try again (ms from now), error.
-- Answer: now, jobs claimed {id, attempt, job, score}, when to come back or false, max_jobs asked for
-- or false, ids whose lease was lost.

local queue, worker, number, lease_ms = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local free, may_rescue = tonumber(ARGV[4]), ARGV[5] == '1'
-- a start comes a moment after its claim, and the moments differ: one part in a hundred is kept back
local max, duration_ms, events_kept = tonumber(ARGV[6]), tonumber(ARGV[7]) * 1.01, ARGV[8]
local active, processed = queue .. ':active', queue .. ':processed'
local starts, visit = queue .. ':starts', queue .. ':visit:' .. worker

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = string.format('%.0f.%03d', now, time[2] % 1000)

local function tell(event, id, attempt, ...)
  redis.call('XADD', queue .. ':events', 'MAXLEN', '~', events_kept, '*',
    'event', event, 'at', at, 'worker', worker, 'job', id, 'attempt', attempt, ...)
end

-- ZINCRBY, for ZADD would tell all who listen that a job was added
local function move(key, id, to)
  redis.call('ZINCRBY', key, to - (redis.call('ZSCORE', key, id) or 0), id)
end

-- a visit whose answer got lost is made again under the same number: what it did stays done
local before = redis.call('GET', visit)
before = before and cmsgpack.unpack(before)
local again = before and before[1] == number
-- first of all a write that a server refuses when it is full or read-only: then nothing is half done
if not again and #ARGV > 8 then
  redis.call('SET', visit, cmsgpack.pack({number, {}}), 'PX', 60000)
end

local function owns(id, attempt)
  local owner = redis.call('GET', 'arq:in-progress:' .. id)
  if owner then return owner == worker end
  -- its lease ran out, but nobody has taken the job since
  return redis.call('ZSCORE', queue, id) and redis.call('GET', 'arq:retry:' .. id) == attempt
end

local function finish(id, result, keep_ms)
  if keep_ms ~= '0' then redis.call('SET', 'arq:result:' .. id, result, 'PX', keep_ms) end
  redis.call('DEL', 'arq:in-progress:' .. id, 'arq:job:' .. id, 'arq:retry:' .. id)
  if keep_ms ~= '0' then redis.call('PEXPIRE', 'arq:progress:' .. id, keep_ms)
  else redis.call('DEL', 'arq:progress:' .. id) end
  redis.call('ZREM', queue, id)
  redis.call('ZREM', active, id)
  redis.call('HDEL', processed, id)
end

local lost = {}
for n = 9, again and 0 or #ARGV, 7 do
  local id, attempt, outcome, result, keep_ms, delay_ms, err = unpack(ARGV, n, n + 6)
  if not owns(id, attempt) then
    lost[#lost + 1] = id
    tell('error', id, attempt, 'error', 'the lease was lost, the result of this attempt is dropped')
  elseif outcome == 'completed' then
    finish(id, result, keep_ms)
    tell('completed', id, attempt)
  elseif outcome == 'failed' then
    finish(id, result, keep_ms)
    tell('failed', id, attempt, 'error', err, 'final', '1')
  else
    redis.call('DEL', 'arq:in-progress:' .. id)
    redis.call('ZREM', active, id)
    if outcome == 'retrying' then
      move(queue, id, now + delay_ms)
      tell('failed', id, attempt, 'error', err, 'final', '0')
      tell('retrying', id, attempt, 'delay_ms', delay_ms)
    else -- returned: as if it had not been taken; delay_ms is the score that it had
      redis.call('DECR', 'arq:retry:' .. id)
      move(queue, id, delay_ms)
      tell('returned', id, attempt)
    end
    redis.call('PUBLISH', queue .. ':wake', '')
  end
end

local allowed, free_again = free, false
if max > 0 and free > 0 then
  redis.call('ZREMRANGEBYSCORE', starts, '-inf', tonumber(at) - duration_ms)
  local room = max - redis.call('ZCARD', starts)
  if room < free then
    allowed = math.max(room, 0)
    local oldest = redis.call('ZRANGE', starts, math.max(0, -room), math.max(0, -room), 'WITHSCORES')
    if oldest[2] then free_again = math.ceil(oldest[2] + duration_ms) end
  end
end

local claimed, ids = {}, {}
local function claim(id, score)
  if not redis.call('SET', 'arq:in-progress:' .. id, worker, 'PX', lease_ms, 'NX') then return false end
  local attempt = redis.call('INCR', 'arq:retry:' .. id)
  redis.call('EXPIRE', 'arq:retry:' .. id, 88400)
  move(queue, id, now + lease_ms)
  move(active, id, now + lease_ms)
  redis.call('HSET', processed, id, now)
  ids[#ids + 1] = id
  claimed[#claimed + 1] = {id, attempt, redis.call('GET', 'arq:job:' .. id), score}
  if max > 0 then redis.call('ZINCRBY', starts, at, id .. ':' .. attempt .. ':' .. at) end
  tell('active', id, attempt)
  return true
end

if again then
  for _, id in ipairs(before[2]) do
    if redis.call('GET', 'arq:in-progress:' .. id) == worker then
      claimed[#claimed + 1] = {id, tonumber(redis.call('GET', 'arq:retry:' .. id)),
        redis.call('GET', 'arq:job:' .. id), redis.call('ZSCORE', queue, id)}
    end
  end
  allowed = 0
end

-- first the jobs of workers that died, or they would wait behind all that came since
if may_rescue and allowed > 0 then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', active, '-inf', now, 'LIMIT', 0, allowed)) do
    if not redis.call('ZSCORE', queue, id) then
      redis.call('ZREM', active, id) -- a worker without leases finished it
    else
      local holder = redis.call('PTTL', 'arq:in-progress:' .. id)
      if holder >= 0 then move(active, id, now + holder + 1)
      else
        tell('stalled', id, redis.call('GET', 'arq:retry:' .. id) or '0')
        claim(id, now)
      end
    end
  end
end

local from = 0
while #claimed < allowed do
  local want = allowed - #claimed
  local due = redis.call('ZRANGEBYSCORE', queue, '-inf', now, 'WITHSCORES', 'LIMIT', from, want)
  for n = 1, #due, 2 do
    -- what is in `active` is somebody's, lease or no lease; what claim() refuses, another kind of worker's
    if redis.call('ZSCORE', active, due[n]) or not claim(due[n], due[n + 1]) then from = from + 1 end
  end
  if #due < 2 * want then break end
end

if #ids > 0 then
  redis.call('SET', visit, cmsgpack.pack({number, ids}), 'PX', 60000)
end

local come_back = redis.call('ZRANGEBYSCORE', queue, '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
if free_again and (not come_back or free_again < tonumber(come_back)) then come_back = free_again end
return {at, claimed, come_back and tostring(come_back) or false,
  redis.call('HGET', queue .. ':max-jobs', worker), lost}
