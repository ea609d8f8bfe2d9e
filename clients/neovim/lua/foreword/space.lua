---The space behind a word that was taken: whether it is set, and how it makes way for what is typed next.

local M = {}

---Before these there is no space.
local CLOSING = {}
for _, mark in ipairs({ ".", ",", ";", ":", "!", "?", "…", ")", "]", "}", "»", "”" }) do
  CLOSING[mark] = true
end

---@class foreword.Space A space that was set with a word, until something else is typed.
---@field bufnr integer
---@field row integer
---@field before string The line before the cursor then, the space last.

---@type foreword.Space?
local set

---@param behind string The line behind the word.
---@return string space Nothing at a mark, and none where there is one.
function M.for_word(behind)
  return (behind:match("^%s") or CLOSING[vim.fn.strcharpart(behind, 0, 1)]) and "" or " "
end

---Remember that a space was set.
---@param place foreword.Place Where the cursor is, behind it.
function M.remember(place)
  set = { bufnr = place.bufnr, row = place.row, before = place.before }
end

---A mark that is typed behind the space goes before it, and a space of the writer's own is not a second one.
---@param place foreword.Place Where the cursor is.
---@return boolean # Whether the space was taken away.
function M.make_way(place)
  local space = set
  if not space or (space.bufnr == place.bufnr and space.row == place.row and space.before == place.before) then
    return false
  end
  set = nil
  local start = #space.before
  local typed = place.before:sub(start + 1)
  local behind = space.bufnr == place.bufnr and space.row == place.row and place.before:sub(1, start) == space.before
  if not behind or not (typed == " " or CLOSING[typed]) then
    return false
  end
  vim.api.nvim_buf_set_text(place.bufnr, place.row, start - 1, place.row, start, { "" })
  vim.api.nvim_win_set_cursor(0, { place.row + 1, place.column - 1 })
  return true
end

return M
