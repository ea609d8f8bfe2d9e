---`:checkhealth foreword`: what is there, what is not, and what to do about it.

local client = require("foreword.client")
local config = require("foreword.config")
local log = require("foreword.log")

local M = {}

-- Neovim 0.10 gave these functions their present names, and 0.8 the table.
local health = vim.health or require("health")
local start = health.start or health.report_start
local ok = health.ok or health.report_ok
local info = health.info or health.report_info
local warn = health.warn or health.report_warn
local fail = health.error or health.report_error

local function check_editor()
  if vim.fn.has("nvim-0.10") == 1 then
    ok("Neovim can do all that the plugin does")
  else
    ok("Neovim can do most of what the plugin does")
    info("ghost text is shown at the end of a line only; Neovim 0.10 can show it within one")
  end
  if vim.fn.has("nvim-0.11") == 0 then
    info("a list shows no words instead of a slip, and their probabilities; the word bar has the words")
  end
end

---@param command string
local function check_command(command)
  local path = vim.fn.exepath(command)
  if path == "" then
    fail(("the command '%s' was not found"):format(command), {
      "Install Foreword, or give its path in setup{ cmd = ... }.",
    })
    return
  end
  ok("the server's command is " .. path)
  info("`foreword doctor` says how the models are, and what is slow")
end

local function check_servers()
  local clients = client.all()
  if #clients == 0 then
    info("no server is running: none is needed before a buffer of prose is open")
  end
  for _, ours in ipairs(clients) do
    local place = ours.config.root_dir or "files of no project"
    local state = client.state(ours)
    if state.state == "error" then
      warn(("the server for %s: %s"):format(place, state.message), { "See :Foreword log." })
    else
      ok(("the server for %s: %s, positions in %s"):format(place, state.state, ours.offset_encoding))
    end
  end
  local file = log.file(config.current.cmd)
  info("the log: " .. (file or "none, the variable FOREWORD_LOG is set to nothing"))
end

---Whether the keys are still there in the buffers of prose: another plugin may have taken them since.
local function check_keys()
  local keys = config.current.keys
  local wanted = config.current.bar and keys.words and #keys.words or 0
  if config.current.ghost then
    wanted = wanted + (keys.ghost_word and 1 or 0) + (keys.ghost_phrase and 1 or 0)
  end
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(bufnr) and #client.all(bufnr) > 0 then
      local ours = vim.tbl_filter(function(map)
        return vim.startswith(map.desc or "", "Foreword: ")
      end, vim.api.nvim_buf_get_keymap(bufnr, "i"))
      if #ours < wanted then
        local name = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(bufnr), ":t")
        warn(("other mappings took %d of the %d keys in %s"):format(wanted - #ours, wanted, name), {
          "Give others in setup{ keys = ... }; :verbose imap shows whose they are.",
        })
      end
    end
  end
end

function M.check()
  start("foreword")
  check_editor()
  if not config.current then
    warn("setup was not called", { 'Put require("foreword").setup({}) into init.lua.' })
    return
  end
  check_command(config.current.cmd[1])
  check_servers()
  check_keys()
end

return M
