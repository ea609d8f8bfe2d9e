---Between the positions of the protocol, which count characters, and Neovim's, which count bytes.

local M = {}

---@param line string
---@param character integer As the protocol counts.
---@param encoding string "utf-8", "utf-16" or "utf-32".
---@return integer column In bytes from 0, at most the line's length.
function M.column(line, character, encoding)
  if encoding == "utf-8" then
    return math.min(character, #line)
  elseif vim.fn.has("nvim-0.11") == 1 then
    return vim.str_byteindex(line, encoding, character, false)
  end
  local known, column = pcall(vim.str_byteindex, line, character, encoding == "utf-16")
  return known and column or #line
end

---@param bufnr integer
---@param range table Of the protocol; within one line, as all of Foreword's that write something.
---@param encoding string
---@return integer row From 0.
---@return integer first The column before it, in bytes from 0.
---@return integer last The column behind it.
function M.span(bufnr, range, encoding)
  local row = range.start.line
  local line = vim.api.nvim_buf_get_lines(bufnr, row, row + 1, false)[1] or ""
  return row, M.column(line, range.start.character, encoding), M.column(line, range["end"].character, encoding)
end

---@class foreword.Place Where the cursor is, and what is around it.
---@field bufnr integer
---@field row integer From 0.
---@field column integer In bytes, from 0.
---@field before string The line before the cursor.
---@field behind string The line behind it.

---@return foreword.Place
function M.cursor()
  local at = vim.api.nvim_win_get_cursor(0)
  local line = vim.api.nvim_get_current_line()
  return {
    bufnr = vim.api.nvim_get_current_buf(),
    row = at[1] - 1,
    column = at[2],
    before = line:sub(1, at[2]),
    behind = line:sub(at[2] + 1),
  }
end

---Write in place of what is between two columns of the cursor's line, and put the cursor behind it.
---@param place foreword.Place Where the cursor is.
---@param first integer
---@param text string Of one line.
function M.write(place, first, text)
  vim.api.nvim_buf_set_text(place.bufnr, place.row, first, place.row, place.column, { text })
  vim.api.nvim_win_set_cursor(0, { place.row + 1, first + #text })
end

return M
