-- Copyright (c) 2026 The Stockroom developers
-- SPDX-License-Identifier: ISC

-- What wrk asks for, by the environment, and what it tells at the end:
--
--	BENCH_TOKEN	whose requests they are
--	BENCH_PATH	a path; %d in it is a number of BENCH_ITEMS, at random
--	BENCH_PATHS	or a file of paths, a line each, taken at random
--	BENCH_PATCH	the body of a PATCH; %d in it counts
--	BENCH_FIRST	from here on

local items = tonumber(os.getenv("BENCH_ITEMS") or "1")
local path = os.getenv("BENCH_PATH")
local paths = {}
local patch = os.getenv("BENCH_PATCH")
local count = tonumber(os.getenv("BENCH_FIRST") or "0")

wrk.headers["Authorization"] = "Bearer " .. (os.getenv("BENCH_TOKEN") or "")
if patch then
	wrk.method = "PATCH"
	wrk.headers["Content-Type"] = "application/json"
end

-- Threads count in numbers of their own.
local started = 0
function setup(thread)
	thread:set("first", started)
	started = started + 1
end

function init(args)
	math.randomseed(4711 + first)
	if os.getenv("BENCH_PATHS") then
		for line in io.lines(os.getenv("BENCH_PATHS")) do
			paths[#paths + 1] = line
		end
	end
end

function request()
	local to = path or paths[math.random(#paths)]

	if to:find("%%") then
		to = to:format(math.random(items))
	end
	count = count + 1
	return wrk.format(nil, to, nil, patch and patch:format(count))
end

function done(summary, latency, requests)
	local e = summary.errors

	io.stderr:write(string.format('{"requests":%d,"us":%d,' ..
	    '"median":%d,"p99":%d,"bytes":%d,"bad":%d}\n', summary.requests,
	    summary.duration, latency:percentile(50), latency:percentile(99),
	    summary.bytes, e.connect + e.read + e.write + e.status + e.timeout))
end
