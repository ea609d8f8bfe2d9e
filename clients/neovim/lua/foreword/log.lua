---Where the server's log is. The server has the same rule: see `foreword serve --help`.

local M = {}

---@return string folder The platform's for logs.
local function folder()
  if vim.fn.has("mac") == 1 then
    return vim.fn.expand("~/Library/Logs/foreword")
  elseif vim.fn.has("win32") == 1 then
    return vim.env.LOCALAPPDATA .. "\\foreword\\Logs"
  end
  local state = vim.env.XDG_STATE_HOME
  return (state and state ~= "" and state or vim.fn.expand("~/.local/state")) .. "/foreword/log"
end

---@param cmd string[] The command that starts the server.
---@return string? file Nil if there is to be no log.
function M.file(cmd)
  for place, argument in ipairs(cmd) do
    if argument == "--log" then
      return cmd[place + 1]
    end
  end
  local named = vim.env.FOREWORD_LOG
  if named == nil then
    return folder() .. "/server.log"
  end
  return named ~= "" and named or nil
end

return M
