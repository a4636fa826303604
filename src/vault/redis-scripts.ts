/**
 * What the Redis store does, as scripts: each runs alone in the server, whole or not at all, by the server's clock.
 *
 * Keys, all behind `{prefix}:` (in braces, so that a cluster keeps them together):
 *   meta            schema, fence (the last fencing number)
 *   row:KEY         v version, p partition, x expiry or '', b value, w identifier of the write
 *   part:PARTITION  sorted set of the keys of rows that are listed together
 *   rows, expiry    sorted sets of every key, by name and by expiry
 *   leases          sorted set of the names of leases by their end
 *   lease:NAME      fence, holder, acquisition, until, duration
 */

export const REDIS_SCHEMA_VERSION = 1;

/** The first words of error replies of ours, as Redis's own have one. */
export const SCHEMA_LOST = 'VAULTLOST';
export const SCHEMA_NEWER = 'VAULTNEWER';

const PRELUDE = `
local meta = KEYS[1]
local P = string.sub(meta, 1, -5)
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function row_key(key) return P .. 'row:' .. key end
local function part_key(partition) return P .. 'part:' .. partition end
local function is_live(version, expiry) return version and (expiry == '' or tonumber(expiry) > now) end
local function put(key, partition, version, expiry, value, write)
  local old = redis.call('HGET', row_key(key), 'p')
  if old and old ~= partition then redis.call('ZREM', part_key(old), key) end
  redis.call('HSET', row_key(key), 'v', version, 'p', partition, 'x', expiry, 'b', value, 'w', write)
  redis.call('ZADD', part_key(partition), 0, key)
  redis.call('ZADD', P .. 'rows', 0, key)
  if expiry == '' then redis.call('ZREM', P .. 'expiry', key) else redis.call('ZADD', P .. 'expiry', expiry, key) end
end
local function drop(key)
  local partition = redis.call('HGET', row_key(key), 'p')
  if partition then redis.call('ZREM', part_key(partition), key) end
  redis.call('DEL', row_key(key))
  redis.call('ZREM', P .. 'rows', key)
  redis.call('ZREM', P .. 'expiry', key)
end
local schema = redis.call('HGET', meta, 'schema')
`;

/** A server that lost its data, or was given to a newer version while we were connected, is not written to. */
const KNOWN_SCHEMA = `
if not schema then return redis.error_reply('${SCHEMA_LOST} the vault is gone') end
if schema ~= '${REDIS_SCHEMA_VERSION}' then return redis.error_reply('${SCHEMA_NEWER} ' .. schema) end
`;

/** → the schema version, '' where there is none. */
const look = `${PRELUDE} return schema or ''`;

/** Makes the vault where there is none. → the schema version. */
const make = `${PRELUDE}
if schema then return schema end
redis.call('HSET', meta, 'schema', '${REDIS_SCHEMA_VERSION}')
return '${REDIS_SCHEMA_VERSION}'`;

/** key → {} or {version, value} */
const read = `${PRELUDE}
local found = redis.call('HMGET', row_key(ARGV[1]), 'v', 'x', 'b')
if is_live(found[1], found[2]) then return {found[1], found[3]} end
return {}`;

/** partition, key to go on behind or '', limit → {last key or '', key, version, value, …} */
const list = `${PRELUDE}
local from = ARGV[2] == '' and '-' or '(' .. ARGV[2]
local keys = redis.call('ZRANGEBYLEX', part_key(ARGV[1]), from, '+', 'LIMIT', 0, ARGV[3])
local answer = {#keys == tonumber(ARGV[3]) and keys[#keys] or ''}
for _, key in ipairs(keys) do
  local found = redis.call('HMGET', row_key(key), 'v', 'x', 'b')
  if is_live(found[1], found[2]) then
    answer[#answer + 1] = key
    answer[#answer + 1] = found[1]
    answer[#answer + 1] = found[3]
  end
end
return answer`;

/** key, partition, expected, expiry, value, write, lease or '', fence, other row or '', its version → the new version, or 0 */
const compareAndSwap = `${PRELUDE}${KNOWN_SCHEMA}
local key, partition, expected, expiry, value, write = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local found = redis.call('HMGET', row_key(key), 'v', 'x', 'w')
local version = is_live(found[1], found[2]) and tonumber(found[1]) or 0
if version == expected + 1 and found[3] == write then return version end
if ARGV[7] ~= '' and redis.call('HGET', P .. 'lease:' .. ARGV[7], 'fence') ~= ARGV[8] then return 0 end
if ARGV[9] ~= '' and redis.call('HGET', row_key(ARGV[9]), 'v') ~= ARGV[10] then return 0 end
if version ~= expected then return 0 end
put(key, partition, expected + 1, expiry, value, write)
return expected + 1`;

/** key, version or '' → 1 or 0 */
const remove = `${PRELUDE}${KNOWN_SCHEMA}
local found = redis.call('HMGET', row_key(ARGV[1]), 'v', 'x')
if not is_live(found[1], found[2]) then return 0 end
if ARGV[2] ~= '' and found[1] ~= ARGV[2] then return 0 end
drop(ARGV[1])
return 1`;

/** how long ago a row must have expired, limit → how many rows have gone */
const purge = `${PRELUDE}${KNOWN_SCHEMA}
local keys = redis.call('ZRANGEBYSCORE', P .. 'expiry', '-inf', '(' .. string.format('%.0f', now - tonumber(ARGV[1])), 'LIMIT', 0, ARGV[2])
for _, key in ipairs(keys) do drop(key) end
return #keys`;

/**
 * name, holder, acquisition, duration, fence that may be taken over or '', time to keep → {'acquired', fence} or
 * {'held', milliseconds left, holder, fence}.
 * A fencing number is at least the time in microseconds, so a server that fell back to an older copy of its data
 * gives none twice.
 */
const acquireLease = `${PRELUDE}${KNOWN_SCHEMA}
local lease = P .. 'lease:' .. ARGV[1]
local held = redis.call('HMGET', lease, 'fence', 'holder', 'acquisition', 'until', 'duration')
if held[1] then
  if held[3] == ARGV[3] then return {'acquired', held[1]} end
  local left = tonumber(held[4]) - now
  if left > 0 and left <= 2 * tonumber(held[5]) and held[1] ~= ARGV[5] then
    return {'held', tostring(left), held[2], held[1]}
  end
end
local last = tonumber(redis.call('HGET', meta, 'fence') or '0')
local fence = string.format('%.0f', math.max(last + 1, tonumber(time[1]) * 1000000 + tonumber(time[2])))
local ends = string.format('%.0f', now + tonumber(ARGV[4]))
redis.call('HSET', meta, 'fence', fence)
redis.call('HSET', lease, 'fence', fence, 'holder', ARGV[2], 'acquisition', ARGV[3], 'until', ends, 'duration', ARGV[4])
redis.call('ZREMRANGEBYSCORE', P .. 'leases', '-inf', now)
redis.call('ZADD', P .. 'leases', ends, ARGV[1])
redis.call('PEXPIRE', lease, string.format('%.0f', tonumber(ARGV[4]) + tonumber(ARGV[6])))
return {'acquired', fence}`;

/** name, fence */
const releaseLease = `${PRELUDE}
local lease = P .. 'lease:' .. ARGV[1]
if redis.call('HGET', lease, 'fence') == ARGV[2] then
  redis.call('DEL', lease)
  redis.call('ZREM', P .. 'leases', ARGV[1])
end
return 1`;

/** → the holders of leases that have not run out */
const leaseHolders = `${PRELUDE}
local holders = {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', P .. 'leases', '(' .. string.format('%.0f', now), '+inf')) do
  holders[#holders + 1] = redis.call('HGET', P .. 'lease:' .. name, 'holder') or ''
end
return holders`;

/** key to go on behind or '', limit → {key, partition, version, expiry, value, …} */
const page = `${PRELUDE}
local from = ARGV[1] == '' and '-' or '(' .. ARGV[1]
local answer = {}
for _, key in ipairs(redis.call('ZRANGEBYLEX', P .. 'rows', from, '+', 'LIMIT', 0, ARGV[2])) do
  local found = redis.call('HMGET', row_key(key), 'p', 'v', 'x', 'b')
  answer[#answer + 1] = key
  for index = 1, 4 do answer[#answer + 1] = found[index] end
end
return answer`;

/** key, partition, version, expiry, value, previous version or '', previous value → 1 or 0 */
const exchange = `${PRELUDE}${KNOWN_SCHEMA}
local found = redis.call('HMGET', row_key(ARGV[1]), 'v', 'b')
if found[1] == ARGV[3] and found[2] == ARGV[5] then return 1 end
if ARGV[6] == '' and found[1] then return 0 end
if ARGV[6] ~= '' and (found[1] ~= ARGV[6] or found[2] ~= ARGV[7]) then return 0 end
put(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], '')
return 1`;

/** → 1 where there is a row */
const anyRow = `${PRELUDE} return redis.call('EXISTS', P .. 'rows')`;

export const REDIS_SCRIPTS = {
  look,
  make,
  read,
  list,
  compareAndSwap,
  remove,
  purge,
  acquireLease,
  releaseLease,
  leaseHolders,
  page,
  exchange,
  anyRow,
};
