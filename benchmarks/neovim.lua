-- Types a text in Neovim at human speed and measures from each key to its words on the bar, drawn.
-- Run by neovim.py, which says what in $FOREWORD_BENCH, and reads the milliseconds from there.

local uv = vim.uv or vim.loop
local plan = vim.json.decode(table.concat(vim.fn.readfile(vim.env.FOREWORD_BENCH), "\n"))
local typing = require("foreword.typing")
local pressed, times, late, loaded = nil, {}, 0, false

local listed = typing.listed
typing.listed = function(client, asked, list)
  listed(client, asked, list)
  vim.cmd("redraw")
  loaded = loaded or #(list and (list.items or list) or {}) > 0
  local place = vim.api.nvim_win_get_cursor(0)
  local here = table.concat({ vim.api.nvim_get_current_buf(), vim.b.changedtick, place[1] - 1, place[2] }, " ")
  if pressed and asked.here == here and asked.open <= 0 then
    table.insert(times, (uv.hrtime() - pressed) / 1e6)
    pressed = nil
  end
end

local function finish()
  vim.fn.writefile({ vim.json.encode({ milliseconds = times, late = late }) }, vim.env.FOREWORD_BENCH)
  vim.cmd("qall!")
end

local function press(place)
  if pressed and place > plan.warm_up + 1 then
    late = late + 1 -- the words for the key before had not come
  end
  if place > #plan.keys then
    finish()
    return
  end
  if place == plan.warm_up + 1 then
    times = {}
  end
  pressed = uv.hrtime()
  vim.api.nvim_input(plan.keys[place])
  vim.defer_fn(function()
    press(place + 1)
  end, plan.gaps[place])
end

-- The models are loaded when the bar has words for the first letter.
local function begin()
  if loaded then
    press(1)
  else
    vim.defer_fn(begin, 100)
  end
end

vim.defer_fn(function()
  vim.api.nvim_input("iI")
  begin()
end, 1000)
