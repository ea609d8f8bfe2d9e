---What happens in a buffer while somebody writes: the bar and the ghost text follow the cursor, keys take words.

local bar = require("foreword.bar")
local client = require("foreword.client")
local config = require("foreword.config")
local ghost = require("foreword.ghost")
local position = require("foreword.position")
local space = require("foreword.space")

local M = {}

---What was looked at last: one key causes several events.
local last = ""

---@param bufnr integer
---@return table? client That may be asked for words.
local function asked(bufnr)
  local ours = client.all(bufnr)[1]
  return ours and client.state(ours).state ~= "paused" and ours or nil
end

---Show what fits where the cursor is now.
local function update()
  local place = position.cursor()
  local ours = asked(place.bufnr)
  if not ours or vim.fn.mode() ~= "i" then
    return
  end
  local look = table.concat({ place.bufnr, place.row, place.column, vim.b.changedtick, vim.fn.pumvisible() }, " ")
  if look == last then
    return
  end
  if space.make_way(place) then
    return -- that is a change too, of which Neovim tells
  end
  last = look
  if config.current.bar then
    bar.update(ours, place)
  end
  if config.current.ghost then
    ghost.update(ours, place)
  end
end

---Show nothing any more, until something is written or the cursor is moved.
function M.silent()
  last = ""
  bar.hide()
  ghost.hide()
end

---Look anew.
function M.refresh()
  last = ""
  bar.forget()
  update()
end

-- Whoever asks for a list of words, the bar shows it.
M.asked, M.listed = bar.asked, bar.listed

---Do something by a key of insert mode. If there is nothing to do, keys with Alt do nothing, others what they do without
---this plugin: Alt and a letter would otherwise end insert mode.
---@param bufnr integer
---@param key string|false
---@param what string
---@param act fun(): boolean
local function map(bufnr, key, what, act)
  if not key then
    return
  end
  vim.keymap.set("i", key, function()
    if not act() and not key:lower():match("^<[am]%-") then
      vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(key, true, false, true), "n", false)
    end
  end, { buffer = bufnr, desc = "Foreword: " .. what })
end

---Begin in a buffer that a client was attached to.
---@param ours table The client.
---@param bufnr integer
function M.attached(ours, bufnr)
  local keys = config.current.keys
  local group = vim.api.nvim_create_augroup("foreword.typing." .. bufnr, {})
  local writing = { "TextChangedI", "TextChangedP", "CursorMovedI" }
  vim.api.nvim_create_autocmd(writing, { group = group, buffer = bufnr, callback = update })
  vim.api.nvim_create_autocmd("InsertEnter", {
    group = group,
    buffer = bufnr,
    callback = function()
      vim.schedule(update) -- the mode is another only then
    end,
  })
  vim.api.nvim_create_autocmd({ "InsertLeave", "BufLeave" }, { group = group, buffer = bufnr, callback = M.silent })
  if config.current.bar then
    for slot, key in ipairs(keys.words or {}) do
      map(bufnr, key, "take word " .. slot .. " of the bar", function()
        return bar.take(slot)
      end)
    end
  end
  if config.current.ghost then
    ghost.attach(ours)
    map(bufnr, keys.ghost_word, "take the next word of the ghost text", function()
      return ghost.take(false)
    end)
    map(bufnr, keys.ghost_phrase, "take the ghost text", function()
      return ghost.take(true)
    end)
  end
  update()
end

return M
