---The options of the plugin: their defaults, and what is wrong with those given.

local M = {}

---@class foreword.Keys
---@field words string[]|false Take the first, second, third word of the bar, with its space.
---@field ghost_word string|false Take the next word of the ghost text.
---@field ghost_phrase string|false Take all of the ghost text.

---@class foreword.Config
---@field cmd string[] The command that starts the server.
---@field filetypes string[] The filetypes it is started for.
---@field settings table<string, any> Foreword's, without the section's name: `{ completion = { maxItems = 3 } }`.
---@field bar "below"|"above"|false Where the word bar is, seen from the cursor's line.
---@field ghost boolean Whether the phrase behind the cursor is shown.
---@field keys foreword.Keys In insert mode.

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
  bar = "below",
  ghost = true,
  keys = {
    words = { "<M-1>", "<M-2>", "<M-3>" },
    ghost_word = "<M-f>",
    ghost_phrase = "<M-e>",
  },
}

---What is in force since `setup`.
---@type foreword.Config?
M.current = nil

local function is_list_of_strings(value)
  if type(value) ~= "table" then
    return false
  end
  for key, item in pairs(value) do
    if type(key) ~= "number" or type(item) ~= "string" then
      return false
    end
  end
  return true
end

local function is_key(value)
  return value == false or type(value) == "string"
end

---By option: whether a value may be one, and which may.
local ALLOWED = {
  cmd = {
    function(value)
      return is_list_of_strings(value) and value[1] ~= nil
    end,
    'a list of strings, as { "foreword", "serve" }',
  },
  filetypes = { is_list_of_strings, "a list of strings" },
  settings = {
    function(value)
      return type(value) == "table"
    end,
    "a table",
  },
  bar = {
    function(value)
      return value == "below" or value == "above" or value == false
    end,
    '"below", "above" or false',
  },
  ghost = {
    function(value)
      return type(value) == "boolean"
    end,
    "true or false",
  },
  keys = {
    function(value)
      return type(value) == "table"
    end,
    "a table",
  },
  ["keys.words"] = {
    function(value)
      return value == false or is_list_of_strings(value)
    end,
    "a list of keys, or false",
  },
  ["keys.ghost_word"] = { is_key, "a key, or false" },
  ["keys.ghost_phrase"] = { is_key, "a key, or false" },
}

---@param given table<string, any>
---@param defaults table<string, any>
---@param prefix string Of the names of these options.
---@param problems string[] Appended to.
---@return table<string, any> options The defaults, with what is right of those given in their place.
local function merge(given, defaults, prefix, problems)
  local merged = vim.tbl_extend("force", {}, defaults)
  for name, value in pairs(given) do
    local path = prefix .. tostring(name)
    local allowed = ALLOWED[path]
    if not allowed then
      table.insert(problems, ("there is no option '%s'; see :help foreword-options"):format(path))
    elseif not allowed[1](value) then
      table.insert(problems, ("the option '%s' must be %s"):format(path, allowed[2]))
    elseif path == "keys" then
      merged.keys = merge(value, defaults.keys, "keys.", problems)
    else
      merged[name] = value
    end
  end
  return merged
end

---Put options in force.
---@param options? table<string, any> What differs from `defaults`.
---@return string[] problems What is wrong with them; the defaults are used in their place.
function M.set(options)
  local problems = {}
  M.current = merge(options or {}, M.defaults, "", problems)
  return problems
end

return M
