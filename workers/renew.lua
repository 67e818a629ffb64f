-- Renew a worker's leases. KEYS: queue.  ARGV: worker, lease in ms; then id, attempt for each job that
-- it runs. Answers the ids whose lease is lost: somebody else has the job, or it has ended.
local queue, worker, lease_ms = KEYS[1], ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local until_ms = time[1] * 1000 + math.floor(time[2] / 1000) + lease_ms
local lost = {}
for n = 3, #ARGV, 2 do
  local id, attempt = ARGV[n], ARGV[n + 1]
  local owner = redis.call('GET', 'arq:in-progress:' .. id)
  local score = redis.call('ZSCORE', queue, id)
  if score and (owner == worker or not owner and redis.call('GET', 'arq:retry:' .. id) == attempt) then
    redis.call('SET', 'arq:in-progress:' .. id, worker, 'PX', lease_ms)
    -- ZINCRBY, for ZADD would tell all who listen that a job was added
    redis.call('ZINCRBY', queue, until_ms - score, id)
    redis.call('ZINCRBY', queue .. ':active',
      until_ms - (redis.call('ZSCORE', queue .. ':active', id) or 0), id)
  else
    lost[#lost + 1] = id
  end
end
return lost
