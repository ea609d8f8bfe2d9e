---The word bar: the next words, or those that begin as typed, on a virtual line beside the cursor's.
---
---While a writer is in insert mode the line is there, with words or without, so that the text does not jump.

local client = require("foreword.client")
local config = require("foreword.config")
local position = require("foreword.position")
local space = require("foreword.space")

local M = {}

local SLOTS = 3
local MOMENT = 150 -- milliseconds that words stay which are not for what is typed by now
local namespace = vim.api.nvim_create_namespace("foreword.bar")

---@class foreword.Words What is shown, and what it was shown for.
---@field client table
---@field bufnr integer
---@field row integer
---@field first integer Where the word begins that is being typed, in bytes.
---@field typed string What there is of it.
---@field items table[] Of the completion list, best first.

---@type foreword.Words?
local shown

---@class foreword.Asked Where words were asked for, by whomever, and how many times, less the answers.
---@field here string
---@field open integer

---@type foreword.Asked
local asked = { here = "", open = 0 }

---@param words foreword.Words
---@param place foreword.Place
---@return string? typed What is typed of the word by now; nil if the cursor has gone elsewhere.
local function typed_now(words, place)
  if words.bufnr == place.bufnr and words.row == place.row and words.first <= place.column then
    return place.before:sub(words.first + 1)
  end
  return nil
end

---Make room below the cursor's line: Neovim does not scroll for the sake of a virtual line.
---@param row integer
local function make_room(row)
  local window = vim.fn.getwininfo(vim.api.nvim_get_current_win())[1]
  local last = vim.fn.screenpos(0, row + 1, #vim.api.nvim_get_current_line() + 1).row
  if last >= window.winrow + window.height - 1 and window.topline <= row then
    vim.fn.winrestview({ topline = window.topline + 1 })
  end
end

---@param place foreword.Place
---@param chunks table[] Text with highlight groups.
local function draw(place, chunks)
  local above = config.current.bar == "above" and place.row > 0
  vim.api.nvim_buf_clear_namespace(place.bufnr, namespace, 0, -1)
  vim.api.nvim_buf_set_extmark(place.bufnr, namespace, place.row, 0, {
    virt_lines = { chunks },
    virt_lines_above = above,
  })
  if not above then
    make_room(place.row)
  end
end

---@param items table[]
---@return table[] chunks
local function chunks_of(items)
  local chunks = {}
  for slot, item in ipairs(items) do
    table.insert(chunks, { (slot > 1 and "   " or "") .. slot .. " ", "ForewordBarNumber" })
    table.insert(chunks, { item.label, "ForewordBarWord" })
  end
  return #chunks > 0 and chunks or { { " ", "ForewordBarWord" } }
end

---@return string # What tells this place and state of the text from all others.
local function here()
  local place = position.cursor()
  return table.concat({ place.bufnr, vim.b.changedtick, place.row, place.column }, " ")
end

---Ask for words where the cursor is, unless somebody has: they are shown when they come. Until then, and for a moment
---only, the words for what was there before stay, so that the bar does not blink at every word.
---@param ours table The client.
---@param place foreword.Place
function M.update(ours, place)
  if not (shown and typed_now(shown, place) and M.visible()) then
    shown = nil
    draw(place, chunks_of({}))
  end
  local there = here()
  if asked.here ~= there or asked.open == 0 then
    local params = vim.lsp.util.make_position_params(0, ours.offset_encoding)
    client.request(ours, place.bufnr, "textDocument/completion", params, function() end)
  end
  vim.defer_fn(function()
    if asked.here == there and asked.open > 0 and here() == there and M.visible() then
      shown = nil
      draw(position.cursor(), chunks_of({}))
    end
  end, MOMENT)
end

---Take note that somebody asks for a list of words.
---@return foreword.Asked # To be given to `listed`.
function M.asked()
  local there = here()
  if asked.here ~= there then
    asked = { here = there, open = 0 }
  end
  asked.open = asked.open + 1
  return asked
end

---Expect nothing of what was asked for up to now: a model may have been loaded too late for it.
function M.forget()
  asked = { here = "", open = 0 }
end

---Show a list of words that has come, if it is for where the cursor is.
---@param ours table The client.
---@param then_asked foreword.Asked
---@param list? table
function M.listed(ours, then_asked, list)
  then_asked.open = then_asked.open - 1
  local items = vim.list_slice(list and (list.items or list) or {}, 1, SLOTS)
  if then_asked.here ~= here() or not M.visible() or (not items[1] and asked.open > 0) then
    return -- another list is on its way
  end
  local place = position.cursor()
  shown = nil
  if items[1] then
    local edit = items[1].textEdit
    local _, first = position.span(place.bufnr, edit.range or edit.insert, ours.offset_encoding)
    local typed = place.before:sub(first + 1)
    shown = { client = ours, bufnr = place.bufnr, row = place.row, first = first, typed = typed, items = items }
  end
  draw(place, chunks_of(items))
end

---@return boolean # Whether the bar is up, with words or without.
function M.visible()
  local bufnr = vim.api.nvim_get_current_buf()
  return #vim.api.nvim_buf_get_extmarks(bufnr, namespace, 0, -1, { limit = 1 }) > 0
end

---Take the bar away.
function M.hide()
  shown = nil
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(bufnr) then
      vim.api.nvim_buf_clear_namespace(bufnr, namespace, 0, -1)
    end
  end
end

---Take a word of the bar, with its space.
---@param slot integer From 1.
---@return boolean # Whether there was one.
function M.take(slot)
  local item = shown and shown.items[slot]
  local place = position.cursor()
  local typed = item and typed_now(shown, place)
  -- The words may be those for fewer letters, the next answer being on its way: what was seen is what is taken.
  if not typed or not (typed == shown.typed or vim.startswith(item.label, typed)) then
    return false
  end
  local brought = space.for_word(place.behind)
  position.write(place, shown.first, item.label .. brought)
  if brought ~= "" then
    space.remember(position.cursor())
  elseif place.behind:sub(1, 1) == " " then -- the word's space is there already
    vim.api.nvim_win_set_cursor(0, { place.row + 1, shown.first + #item.label + 1 })
  end
  if item.command then
    client.execute(shown.client, item.command)
  end
  shown = nil
  return true
end

return M
