---The server's process and Neovim's language clients of it: started for prose, asked, started anew.
---This file is where the versions of Neovim differ.

local M = {}

---What makes a folder the root of a project: there the server reads the project's settings.
local ROOT_MARKERS = { ".foreword.toml", "pyproject.toml", ".git" }

---How the server is, by the id of the client: the parameters of `foreword/status`.
---@type table<integer, { state: string, message: string }>
local states = {}

---@class foreword.Listener What wants to know of changes.
---@field attached fun(client: table, bufnr: integer)
---@field silent fun() Nothing may be shown any more.
---@field refresh fun() There may be words where there were none.
---@field asked fun(): any Somebody asks for a list of words; returns what tells this time from others.
---@field listed fun(client: table, time: any, list?: table) That list has come, or an error.

---@type foreword.Listener
local listener

---@param bufnr integer
---@return string? folder The nearest one above the buffer's file that has a marker.
local function root_of(bufnr)
  local folder = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(bufnr), ":p:h")
  while true do
    for _, marker in ipairs(ROOT_MARKERS) do
      if (vim.uv or vim.loop).fs_stat(folder .. "/" .. marker) then
        return folder
      end
    end
    local parent = vim.fn.fnamemodify(folder, ":h")
    if parent == folder then
      return nil
    end
    folder = parent
  end
end

---Tell status lines and autocommands that the status has changed.
local function tell()
  vim.cmd("redrawstatus")
  vim.api.nvim_exec_autocmds("User", { pattern = "ForewordStatus", modeline = false })
end

---The handler of `foreword/status`.
local function note_status(_, status, context)
  local before = states[context.client_id]
  states[context.client_id] = status
  if status.state == "paused" then
    listener.silent()
  elseif before and (before.state == "loading" or before.state == "paused") then
    listener.refresh()
  end
  tell()
end

---Have marks pushed where Neovim pulls them but cannot be asked to pull again (0.11): those of a sentence that is ignored,
---or of all in a pause, would stay.
---@param params table Of `initialize`.
local function before_init(params)
  local workspace = params.capabilities.workspace or {}
  if not (workspace.diagnostics and workspace.diagnostics.refreshSupport) then
    params.capabilities.textDocument.diagnostic = nil
  end
end

---Hear of all lists of words that a client is asked for, by this plugin or another: the server drops a request for words
---when the next comes, so that two who ask at each key would take the words from each other.
---@param client table
local function overhear(client)
  local request = client.request
  client.request = function(...)
    local arguments, count = { ... }, select("#", ...)
    local first = arguments[1] == client and 2 or 1 -- it is called as a method from 0.11 on
    local handler = arguments[first + 2]
    if arguments[first] == "textDocument/completion" and handler then
      local time = listener.asked()
      arguments[first + 2] = function(problem, list, ...)
        listener.listed(client, time, not problem and list or nil)
        return handler(problem, list, ...)
      end
    end
    return request(unpack(arguments, 1, count))
  end
end

---@param client table
---@param bufnr integer
local function on_attach(client, bufnr)
  -- Later, because the filetype's own plugin may run after this and set another (markdown: HTML tags).
  vim.schedule(function()
    if vim.api.nvim_buf_is_valid(bufnr) then
      vim.bo[bufnr].omnifunc = "v:lua.vim.lsp.omnifunc"
      listener.attached(client, bufnr)
    end
  end)
end

---@param config foreword.Config
---@return table client The part of a client's configuration that all versions of Neovim share.
local function client_config(config)
  -- An empty Lua table would be sent as an empty list, which is not what settings look like.
  local settings = next(config.settings) and config.settings
  local capabilities = { experimental = { forewordStatus = true } }
  if vim.fn.has("nvim-0.11") == 0 then -- older ones do not add their own
    capabilities = vim.tbl_deep_extend("force", vim.lsp.protocol.make_client_capabilities(), capabilities)
  end
  return {
    name = "foreword",
    cmd = config.cmd,
    init_options = settings or nil,
    settings = settings and { foreword = settings } or nil,
    capabilities = capabilities,
    handlers = { ["foreword/status"] = note_status },
    before_init = before_init,
    on_init = overhear,
    on_attach = on_attach,
    on_exit = function(_, _, id)
      vim.schedule(function()
        states[id] = nil
        listener.silent()
        tell()
      end)
    end,
  }
end

---The ids of the clients that `attach` started, by root.
---@type table<string, integer>
local running = {}

---Attach a buffer to its project's client, which is started if need be.
---@param bufnr integer
---@param config foreword.Config
local function attach(bufnr, config)
  if vim.bo[bufnr].buftype ~= "" then
    return -- help, hover windows, prompts: nobody writes there
  end
  local root = root_of(bufnr)
  local key = root or ""
  if not running[key] then
    local client = client_config(config)
    local ended = client.on_exit
    client.root_dir = root
    client.on_exit = function(...)
      running[key] = nil
      ended(...)
    end
    running[key] = vim.lsp.start_client(client)
  end
  if running[key] then
    vim.lsp.buf_attach_client(bufnr, running[key])
  end
end

---Attach the buffers that are open already.
---@param config foreword.Config
local function attach_open(config)
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(bufnr) and vim.tbl_contains(config.filetypes, vim.bo[bufnr].filetype) then
      attach(bufnr, config)
    end
  end
end

---Start a client for each buffer of prose, those open already and those to come.
---@param config foreword.Config
---@param on foreword.Listener
function M.start(config, on)
  listener = on
  if vim.lsp.enable then -- 0.11: the client is known to `:checkhealth vim.lsp` and `vim.lsp.enable("foreword", false)`
    local client = client_config(config)
    client.filetypes = config.filetypes
    client.root_dir = function(bufnr, on_dir)
      on_dir(root_of(bufnr))
    end
    vim.lsp.config("foreword", client)
    vim.lsp.enable("foreword")
  else
    vim.api.nvim_create_autocmd("FileType", {
      group = vim.api.nvim_create_augroup("foreword", {}),
      pattern = config.filetypes,
      callback = function(event)
        attach(event.buf, config)
      end,
    })
    attach_open(config)
  end
end

---@param bufnr? integer Only those of this buffer.
---@return table[] clients Neovim's clients of the server.
function M.all(bufnr)
  local found
  if vim.lsp.get_clients then
    found = vim.lsp.get_clients({ bufnr = bufnr })
  else
    found = bufnr and vim.lsp.buf_get_clients(bufnr) or vim.lsp.get_active_clients()
  end
  local ours = {}
  for _, client in pairs(found) do
    if client.name == "foreword" then
      table.insert(ours, client)
    end
  end
  return ours
end

---@param client table
---@return { state: string, message: string }
function M.state(client)
  return states[client.id] or { state = "ready", message = "" }
end

---@param client table
---@param bufnr integer
---@param method string
---@param params table
---@param handler fun(result: any) Not called after an error.
---@return fun() cancel
function M.request(client, bufnr, method, params, handler)
  local colon = vim.fn.has("nvim-0.11") == 1
  local answered = false
  local function answer(problem, result)
    answered = true
    if not problem then
      handler(result)
    end
  end
  local sent, id
  if colon then
    sent, id = client:request(method, params, answer, bufnr)
  else
    sent, id = client.request(method, params, answer, bufnr)
  end
  return function()
    if not sent or answered then
      return
    end
    answered = true
    if colon then
      client:cancel_request(id)
    else
      client.cancel_request(id)
    end
  end
end

---@param client table
---@param command string
---@return boolean
function M.has_command(client, command)
  local provider = client.server_capabilities.executeCommandProvider or {}
  return vim.tbl_contains(provider.commands or {}, command)
end

---@param client table
---@param command { command: string, arguments?: any[] } As items have it.
---@param handler? fun(result: any)
function M.execute(client, command, handler)
  local params = { command = command.command, arguments = command.arguments }
  M.request(client, vim.api.nvim_get_current_buf(), "workspace/executeCommand", params, handler or function() end)
end

---@param client table
---@param force boolean
local function stop(client, force)
  if vim.fn.has("nvim-0.11") == 1 then
    client:stop(force)
  else
    client.stop(force)
  end
end

---Stop all clients, and attach the buffers to new ones once the old are gone.
---@param config foreword.Config
function M.restart(config)
  local stubborn = 50 -- looks until a client that does not end is ended
  if vim.lsp.enable then
    vim.lsp.enable("foreword", false)
  end
  for _, client in ipairs(M.all()) do
    stop(client, false)
  end
  local function look()
    local clients = M.all()
    if #clients > 0 then
      stubborn = stubborn - 1
      for _, client in ipairs(stubborn == 0 and clients or {}) do
        stop(client, true)
      end
      vim.defer_fn(look, 100)
    elseif vim.lsp.enable then
      vim.lsp.enable("foreword")
    else
      attach_open(config)
    end
  end
  look()
end

return M
