-- Sends the requests of a file, one a line, round and round:
--   method TAB path TAB authorization TAB key TAB body TAB gate token
-- The key goes out as Idempotency-Key: none where it is empty, a new one with each request where it is "*".
-- Arguments: the file, and a word that makes the new keys of this run unlike those of any other.

local heads, tails = {}, {}
local count, at, sent = 0, 0, 0
local nonce = ""

local function fields(line)
   local parts, from = {}, 1
   while true do
      local tab = line:find("\t", from, true)
      if not tab then break end
      parts[#parts + 1] = line:sub(from, tab - 1)
      from = tab + 1
   end
   parts[#parts + 1] = line:sub(from)
   return parts
end

function init(args)
   nonce = args[2]
   local mark = "@KEY@"
   for line in io.lines(args[1]) do
      local method, path, authorization, key, body, gate = unpack(fields(line))
      local headers = {}
      if authorization ~= "" then headers["Authorization"] = authorization end
      if gate ~= "" then headers["X-Gate-Token"] = gate end
      if body ~= "" then headers["Content-Type"] = "application/json" end
      if key == "*" then key = mark end
      if key ~= "" then headers["Idempotency-Key"] = key end
      local text = wrk.format(method, path, headers, body ~= "" and body or nil)
      local from, to = text:find(mark, 1, true)
      count = count + 1
      if from then
         heads[count], tails[count] = text:sub(1, from - 1) .. nonce, text:sub(to + 1)
      else
         heads[count] = text
      end
   end
end

function request()
   at = at % count + 1
   local tail = tails[at]
   if not tail then return heads[at] end
   sent = sent + 1
   return heads[at] .. sent .. tail
end

-- One line for the program that started this: what was counted, then times in microseconds.
function done(summary, latency)
   local errors = summary.errors
   io.write(table.concat({
      "bench", summary.requests, summary.duration, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max,
   }, "\t"), "\n")
end
