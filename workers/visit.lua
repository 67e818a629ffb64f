-- One visit by a worker: report the jobs that ended, take as many due jobs as it has free slots.
-- KEYS: queue.  ARGV: worker, number of the visit, lease in ms, free slots, until when it may take over
-- lapsed leases, limiter's max (0: none) and duration in ms, how long results are kept in ms, events
-- kept; then for each ended job: id, attempt, outcome, value, error. The value is the result if it is
-- completed or failed, ms from now if it is retrying, its place in the queue if it is returned.
-- Answer: now, jobs claimed {id, attempt, job, score}, when to come back or false, max_jobs asked for
-- or false, ids whose lease was lost.

local queue, worker, number, lease_ms = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local free, rescue_until = tonumber(ARGV[4]), tonumber(ARGV[5])
-- a start comes a moment after its claim, and the moments differ: one part in a hundred is kept back
local max, duration_ms = tonumber(ARGV[6]), tonumber(ARGV[7]) * 1.01
local keep_ms, events_kept, FIRST_REPORT = tonumber(ARGV[8]), ARGV[9], 10
local active, processed = queue .. ':active', queue .. ':processed'
local starts, visit = queue .. ':starts', queue .. ':visit:' .. worker

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = string.format('%.0f.%03d', now, time[2] % 1000)
-- a server that slept finds what it was sent meanwhile, and the leases lapsed of all who waited for it
local may_rescue = now <= rescue_until

local function write(event, ...)
  redis.call('XADD', queue .. ':events', 'MAXLEN', '~', events_kept, '*',
    'event', event, 'at', at, 'worker', worker, ...)
end

local function tell(event, id, attempt, ...)
  write(event, 'job', id, 'attempt', attempt, ...)
end

-- An entry costs more than a job in it: ten jobs {id, attempt} to which the same happened share one.
local function tell_of_all(event, jobs)
  for first = 1, #jobs, 10 do
    write(event, 'jobs', cjson.encode({unpack(jobs, first, math.min(first + 9, #jobs))}))
  end
end

-- ZINCRBY, for ZADD would tell all who listen that a job was added. `from` is its score, if it is known.
local function move(key, id, to, from)
  redis.call('ZINCRBY', key, to - (from or redis.call('ZSCORE', key, id) or 0), id)
end

-- A call costs Redis more than what it does: where there can be one for all the jobs, there is.
local function keys(kind, ids)
  local names = {}
  for n, id in ipairs(ids) do names[n] = 'arq:' .. kind .. ':' .. id end
  return names
end

local function get(kind, ids)
  return #ids > 0 and redis.call('MGET', unpack(keys(kind, ids))) or {}
end

local function delete(kind, ids)
  if #ids > 0 then redis.call('DEL', unpack(keys(kind, ids))) end
end

-- a visit whose answer got lost is made again under the same number: what it did stays done
local before = redis.call('GET', visit)
before = before and cmsgpack.unpack(before)
local again = before and before[1] == number
-- first of all a write that a server refuses when it is full or read-only: then nothing is half done
if not again and #ARGV >= FIRST_REPORT then
  redis.call('SET', visit, cmsgpack.pack({number, {}}), 'PX', 60000)
end

-- What ended

local function owns(owner, id, attempt)
  if owner then return owner == worker end
  -- its lease ran out, but nobody has taken the job since
  return redis.call('ZSCORE', queue, id) and redis.call('GET', 'arq:retry:' .. id) == attempt
end

local reported, freed, final, completed, lost, goes_back = {}, {}, {}, {}, {}, false
if not again then
  for n = FIRST_REPORT, #ARGV, 5 do reported[#reported + 1] = ARGV[n] end
end
for n, owner in ipairs(get('in-progress', reported)) do
  local at_n = FIRST_REPORT + 5 * (n - 1)
  local id, attempt, outcome, value, err = unpack(ARGV, at_n, at_n + 4)
  if not owns(owner, id, attempt) then
    lost[#lost + 1] = id
    tell('error', id, attempt, 'error', 'the lease was lost, the result of this attempt is dropped')
  else
    freed[#freed + 1] = id
    if outcome == 'completed' or outcome == 'failed' then
      final[#final + 1] = id
      if keep_ms > 0 then redis.call('SET', 'arq:result:' .. id, value, 'PX', keep_ms) end
      if outcome == 'completed' then completed[#completed + 1] = {id, attempt}
      else tell('failed', id, attempt, 'error', err, 'final', '1') end
    else
      goes_back = true
      if outcome == 'retrying' then
        move(queue, id, now + value)
        tell('failed', id, attempt, 'error', err, 'final', '0')
        tell('retrying', id, attempt, 'delay_ms', value)
      else -- as if it had not been taken
        redis.call('DECR', 'arq:retry:' .. id)
        move(queue, id, value)
        tell('returned', id, attempt)
      end
    end
  end
end
tell_of_all('completed', completed)
if #freed > 0 then
  delete('in-progress', freed)
  redis.call('ZREM', active, unpack(freed))
end
if #final > 0 then
  delete('job', final)
  delete('retry', final)
  redis.call('ZREM', queue, unpack(final))
  redis.call('HDEL', processed, unpack(final))
  if redis.call('EXISTS', unpack(keys('progress', final))) > 0 then
    for _, key in ipairs(keys('progress', final)) do redis.call('PEXPIRE', key, keep_ms) end
  end
end
if goes_back then redis.call('PUBLISH', queue .. ':wake', '') end

-- What may start

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

local claimed, taken, taken_at, started, counted = {}, {}, {}, {}, {}
-- take those of these jobs that nobody has; answers how many that were
local function claim(ids, scores)
  local jobs, attempts, before_n = get('job', ids), get('retry', ids), #claimed
  for n, id in ipairs(ids) do
    if redis.call('SET', 'arq:in-progress:' .. id, worker, 'PX', lease_ms, 'NX') then
      local attempt = (tonumber(attempts[n]) or 0) + 1
      move(queue, id, now + lease_ms, scores[n])
      move(active, id, now + lease_ms, 0)
      if max > 0 then redis.call('ZINCRBY', starts, at, id .. ':' .. attempt .. ':' .. at) end
      claimed[#claimed + 1] = {id, attempt, jobs[n], scores[n]}
      taken[#taken + 1] = id
      started[#started + 1] = {id, attempt}
      counted[#counted + 1] = 'arq:retry:' .. id
      counted[#counted + 1] = attempt
      taken_at[#taken_at + 1] = id
      taken_at[#taken_at + 1] = now
    end
  end
  return #claimed - before_n
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
        move(queue, id, now)
        redis.call('ZREM', active, id)
        claim({id}, {now})
      end
    end
  end
end

local refused = 0
while #claimed < allowed do
  local want = allowed - #claimed
  -- not from -inf itself: nothing that is added to it changes it, so it would stay due for ever
  local due = redis.call('ZRANGEBYSCORE', queue, '(-inf', now, 'WITHSCORES', 'LIMIT', refused, want)
  local ids, scores = {}, {}
  for n = 1, #due, 2 do
    -- what is in `active` is somebody's, lease or no lease
    if not redis.call('ZSCORE', active, due[n]) then
      ids[#ids + 1] = due[n]
      scores[#scores + 1] = due[n + 1]
    end
  end
  refused = refused + #due / 2 - claim(ids, scores)
  if #due < 2 * want then break end
end

if #taken > 0 then
  tell_of_all('active', started)
  redis.call('HSET', processed, unpack(taken_at))
  redis.call('MSET', unpack(counted))
  redis.call('SET', visit, cmsgpack.pack({number, taken}), 'PX', 60000)
end

-- a worker that has its slots full comes back when one of them frees
local come_back
if #claimed < free then
  come_back = redis.call('ZRANGEBYSCORE', queue, '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
end
if free_again and (not come_back or free_again < tonumber(come_back)) then come_back = free_again end
return {at, claimed, come_back and tostring(come_back) or false,
  redis.call('HGET', queue .. ':max-jobs', worker), lost}
