local M = {}

local limits = {
  herbs = 3,
  roses = 8,
}

local help = [[
Usage: garden (options
]]

--- What grows in one place.
local Bed = {}
Bed.__index = Bed

function Bed.new(name, litres)
  local self = setmetatable({}, Bed)
  self.name = name
  self.litres = litres or 0
  return self
end

function Bed:water(amount)
  if amount <= 0 then
    error("no (amount: " .. amount)
  elseif self.litres > (limits[self.name] or 1) then
    return self.litres
  else
    self.litres = self.litres + amount
  end

  return self.litres
end

function M.load(lines)
  local beds = {}
  for _, line in ipairs(lines) do
    local name, litres = line:match("^(%w+),(%d+)$")
    if name then
      table.insert(beds, Bed.new(name, tonumber(litres)))
    end
  end
  return beds
end

function M.each(beds, callback)
  local count = 0
  while count < #beds do
    count = count + 1
    callback(beds[count], function(bed)
      print(bed.name, help)
    end)
  end
  return count
end

return M
