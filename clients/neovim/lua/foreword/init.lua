---Foreword in Neovim: the next words as omni completion, marks on sentences as diagnostics.
---Everything is Neovim's own language client; this file starts it for prose, and for nothing else.

local M = {}

---@class foreword.Config
---@field cmd string[] The command that starts the server.
---@field filetypes string[] The filetypes it is started for.
---@field settings table<string, any> Foreword's, without the section's name: `{ completion = { maxItems = 3 } }`.

---@type foreword.Config
M.defaults = {
  cmd = { "foreword", "serve" },
  -- stylua: ignore
  filetypes = {
    "text", "markdown", "mail", "gitcommit", "hgcommit", "jjdescription",
    "rst", "asciidoc", "asciidoctor", "org", "norg", "typst", "tex", "plaintex", "context",
    "textile", "mediawiki", "vimwiki", "pandoc", "quarto", "rmd", "djot", "fountain",
  },
  settings = {},
}

---What makes a folder the root of a project: there the server reads the project's settings.
local ROOT_MARKERS = { ".foreword.toml", "pyproject.toml", ".git" }

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

---@param config foreword.Config
---@return table client The part of a client's configuration that all versions of Neovim share.
local function client_config(config)
  -- An empty Lua table would be sent as an empty list, which is not what settings look like.
  local settings = next(config.settings) and config.settings
  return {
    name = "foreword",
    cmd = config.cmd,
    init_options = settings or nil,
    settings = settings and { foreword = settings } or nil,
    on_attach = function(_, bufnr)
      -- Later, because the filetype's own plugin may run after this and set another (markdown: HTML tags).
      vim.schedule(function()
        if vim.api.nvim_buf_is_valid(bufnr) then
          vim.bo[bufnr].omnifunc = "v:lua.vim.lsp.omnifunc"
        end
      end)
    end,
  }
end

---Neovim 0.11 and later: the client is known to `:checkhealth vim.lsp` and `vim.lsp.enable("foreword", false)`.
---@param config foreword.Config
local function enable(config)
  local client = client_config(config)
  client.filetypes = config.filetypes
  client.root_dir = function(bufnr, on_dir)
    on_dir(root_of(bufnr))
  end
  vim.lsp.config("foreword", client)
  vim.lsp.enable("foreword")
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
    client.root_dir = root
    client.on_exit = function()
      running[key] = nil
    end
    running[key] = vim.lsp.start_client(client)
  end
  if running[key] then
    vim.lsp.buf_attach_client(bufnr, running[key])
  end
end

---Before Neovim 0.11: the same with an autocommand.
---@param config foreword.Config
local function attach_on_filetype(config)
  vim.api.nvim_create_autocmd("FileType", {
    group = vim.api.nvim_create_augroup("foreword", {}),
    pattern = config.filetypes,
    callback = function(event)
      attach(event.buf, config)
    end,
  })
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(bufnr) and vim.tbl_contains(config.filetypes, vim.bo[bufnr].filetype) then
      attach(bufnr, config)
    end
  end
end

---Start Foreword in every buffer of prose, those open already and those to come.
---@param options? { cmd?: string[], filetypes?: string[], settings?: table<string, any> } What differs from `defaults`.
function M.setup(options)
  local config = vim.tbl_extend("force", M.defaults, options or {})
  if vim.fn.executable(config.cmd[1]) == 0 then
    local message = "Foreword: the command '%s' was not found; install it, or give its path in setup{ cmd = ... }."
    -- Later, because Neovim heads what is said while init.lua runs with "Error detected while processing".
    vim.schedule(function()
      vim.notify(message:format(config.cmd[1]), vim.log.levels.ERROR)
    end)
  elseif vim.lsp.enable then
    enable(config)
  else
    attach_on_filetype(config)
  end
end

return M
