---The command `:Foreword`: pause, resume, status, forget, log, restart.

local client = require("foreword.client")
local config = require("foreword.config")
local log = require("foreword.log")

local M = {}

local FORGET = "foreword.forget"

---@param message string
---@param level? integer
local function say(message, level)
  vim.notify("Foreword: " .. message, level or vim.log.levels.INFO)
end

---@return table[] clients All that run; where none does, the user is told.
local function running()
  local clients = client.all()
  if #clients == 0 then
    say("no server is running; one is started in a buffer of prose, or by :Foreword restart.", vim.log.levels.WARN)
  end
  return clients
end

---Have all servers carry out a command.
---@param name string
local function everywhere(name)
  for _, ours in ipairs(running()) do
    client.execute(ours, { command = name })
  end
end

---@param ours table
---@param answer table What the command `foreword.status` returns.
local function report(ours, answer)
  local state = answer.state .. (answer.message ~= "" and " (" .. answer.message .. ")" or "")
  local place = ours.config.root_dir or "files of no project"
  local counts = ("%d documents, %d words and phrases taken"):format(answer.documents, answer.accepted)
  say(("%s; %s; %s; %s and %s"):format(state, place, counts, answer.decoder, answer.encoder))
end

---By name: what is done, given the words behind it.
---@type table<string, fun(words: string[])>
local SUBCOMMANDS = {
  pause = function()
    everywhere("foreword.pause")
  end,
  resume = function()
    everywhere("foreword.resume")
  end,
  status = function()
    for _, ours in ipairs(running()) do
      client.execute(ours, { command = "foreword.status" }, function(answer)
        report(ours, answer)
      end)
    end
  end,
  forget = function(words)
    for _, ours in ipairs(running()) do
      if client.has_command(ours, FORGET) then
        client.execute(ours, { command = FORGET, arguments = #words > 0 and { { words = words } } or nil })
      else
        say("this server learns nothing that it keeps when a document is closed; there is nothing to forget.")
      end
    end
  end,
  log = function()
    local file = log.file(config.current and config.current.cmd or {})
    if not file then
      say("there is no log: the variable FOREWORD_LOG is set to nothing.")
    elseif vim.fn.filereadable(file) == 0 then
      say("there is no log yet: " .. file)
    else
      vim.cmd("sview " .. vim.fn.fnameescape(file))
      vim.cmd("normal! G")
    end
  end,
  restart = function()
    if config.current then
      client.restart(config.current)
    else
      say('call require("foreword").setup() first.', vim.log.levels.ERROR)
    end
  end,
}

---@return string[] names
local function names()
  local found = vim.tbl_keys(SUBCOMMANDS)
  table.sort(found)
  return found
end

---@param words string[] The name of what to do, and what belongs to it.
function M.run(words)
  local act = SUBCOMMANDS[words[1] or "status"]
  if act then
    act(vim.list_slice(words, 2))
  else
    say(("'%s' is not one of %s."):format(words[1], table.concat(names(), ", ")), vim.log.levels.ERROR)
  end
end

---@param lead string The beginning of a word.
---@param line string All that was typed.
---@return string[] names That begin so.
function M.complete(lead, line)
  if line:match("^%s*%S+%s+%S+%s") then
    return {}
  end
  return vim.tbl_filter(function(name)
    return vim.startswith(name, lead)
  end, names())
end

return M
