---Foreword in Neovim: the next words on a bar and behind the cursor, marks on sentences as diagnostics.
---This file is what other configuration calls: `setup`, the status, and what the keys do.

local M = {}

---@type foreword.Config
M.defaults = require("foreword.config").defaults

---Groups that colour schemes may define, and what they look like otherwise.
local HIGHLIGHTS = { ForewordBarNumber = "LineNr", ForewordBarWord = "Comment", ForewordGhost = "NonText" }

---@param message string
local function complain(message)
  -- Later, because Neovim heads what is said while init.lua runs with "Error detected while processing".
  vim.schedule(function()
    vim.notify("Foreword: " .. message, vim.log.levels.ERROR)
  end)
end

---Start Foreword in every buffer of prose, those open already and those to come.
---@param options? table<string, any> What differs from `defaults`.
function M.setup(options)
  local config = require("foreword.config")
  for _, problem in ipairs(config.set(options)) do
    complain(problem .. ".")
  end
  for group, standard in pairs(HIGHLIGHTS) do
    vim.api.nvim_set_hl(0, group, { link = standard, default = true })
  end
  local command = config.current.cmd[1]
  if vim.fn.executable(command) == 0 then
    local message = "the command '%s' was not found; install it, or give its path in setup{ cmd = ... }."
    complain(message:format(command))
    return
  end
  require("foreword.client").start(config.current, require("foreword.typing"))
end

---For a status line: `%{v:lua.require'foreword'.status()}`.
---@param bufnr? integer The current one by default.
---@return string # Nothing where there is no server.
function M.status(bufnr)
  local client = require("foreword.client")
  local ours = client.all(bufnr or vim.api.nvim_get_current_buf())[1]
  if not ours then
    return ""
  end
  local state = client.state(ours)
  if state.state == "ready" then
    return "Foreword"
  elseif state.state == "loading" then
    return "Foreword: " .. state.message
  end
  return "Foreword: " .. state.state
end

---Take a word of the bar, with its space.
---@param slot integer From 1.
---@return boolean # Whether there was one.
function M.take(slot)
  return require("foreword.bar").take(slot)
end

---Take the next word of the ghost text.
---@return boolean # Whether there was one.
function M.take_ghost_word()
  return require("foreword.ghost").take(false)
end

---Take all of the ghost text.
---@return boolean # Whether there was any.
function M.take_ghost_phrase()
  return require("foreword.ghost").take(true)
end

return M
