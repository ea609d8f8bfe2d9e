---Ghost text: how the sentence may go on, shown behind the cursor.
---
---From Neovim 0.12 on it is Neovim's own, `vim.lsp.inline_completion`. Before, it is asked for and drawn here. A phrase
---that is shown stays while its letters are typed, without another request, until all of it is written.

local client = require("foreword.client")
local position = require("foreword.position")

local M = {}

local AUTOMATIC = 2 -- InlineCompletionTriggerKind
local namespace = vim.api.nvim_create_namespace("foreword.ghost")
local native = vim.lsp.inline_completion

---@class foreword.Phrase What is shown, and what it was shown for.
---@field client table
---@field bufnr integer
---@field row integer
---@field first integer Where it begins, in bytes: at the word that was being typed.
---@field before string The line before that.
---@field behind string The line behind the cursor.
---@field text string All of the phrase.
---@field command? table To be run when it is taken.

---@type foreword.Phrase?
local shown
local cancel = function() end

---@param phrase foreword.Phrase
---@param place foreword.Place
---@return string rest What is not written yet; nothing if the cursor is not in the phrase any more.
local function rest_of(phrase, place)
  local written = place.column - phrase.first
  if
    phrase.bufnr == place.bufnr
    and phrase.row == place.row
    and phrase.behind == place.behind
    and written >= 0
    and place.before == phrase.before .. phrase.text:sub(1, written)
  then
    return phrase.text:sub(written + 1)
  end
  return ""
end

---@param place foreword.Place
---@return boolean # Whether Neovim can draw something there: before 0.10, only behind the end of the line.
local function drawable(place)
  return place.behind == "" or vim.fn.has("nvim-0.10") == 1
end

---@param place foreword.Place
---@param text string
local function draw(place, text)
  vim.api.nvim_buf_clear_namespace(place.bufnr, namespace, 0, -1)
  vim.api.nvim_buf_set_extmark(place.bufnr, namespace, place.row, place.column, {
    virt_text = { { text, "ForewordGhost" } },
    virt_text_pos = place.behind == "" and "overlay" or "inline",
    hl_mode = "combine",
  })
end

---Ask for a phrase where the cursor is, if it is not in the one that is shown, and show it when it comes.
---@param ours table The client.
---@param place foreword.Place
function M.update(ours, place)
  if native then
    return
  end
  local rest = shown and rest_of(shown, place) or ""
  if rest ~= "" and vim.fn.pumvisible() == 0 then
    draw(place, rest)
    return
  end
  M.hide()
  if vim.fn.pumvisible() == 1 or not drawable(place) then
    return -- a list is open, on words that may be others
  end
  local params = vim.lsp.util.make_position_params(0, ours.offset_encoding)
  params.context = { triggerKind = AUTOMATIC }
  cancel = client.request(ours, place.bufnr, "textDocument/inlineCompletion", params, function(list)
    local item = list and (list.items or list)[1]
    if not item or vim.fn.mode() ~= "i" or vim.fn.pumvisible() == 1 then
      return
    end
    local _, first = position.span(place.bufnr, item.range, ours.offset_encoding)
    local phrase = {
      client = ours,
      bufnr = place.bufnr,
      row = place.row,
      first = first,
      before = place.before:sub(1, first),
      behind = place.behind,
      text = item.insertText:match("^[^\r\n]*"),
      command = item.command,
    }
    local now = position.cursor() -- letters of the phrase may have been typed meanwhile
    local left = rest_of(phrase, now)
    if left ~= "" then
      shown = phrase
      draw(now, left)
    end
  end)
end

---Take the ghost text away.
function M.hide()
  cancel()
  cancel = function() end
  if shown and vim.api.nvim_buf_is_valid(shown.bufnr) then
    vim.api.nvim_buf_clear_namespace(shown.bufnr, namespace, 0, -1)
  end
  shown = nil
end

---@param text string
---@return string word The next word, with the space before it.
local function next_word(text)
  return text:match("^%s*%S+") or text
end

---Take it through `vim.lsp.inline_completion`.
---@param all boolean
---@return boolean # Whether there was something to take.
local function take_native(all)
  if all then
    return native.get()
  end
  return native.get({
    on_accept = function(item)
      local place = position.cursor()
      local text = item.insert_text
      local written = math.min(#text, place.column)
      while written > 0 and place.before:sub(-written) ~= text:sub(1, written) do
        written = written - 1
      end
      position.write(place, place.column, next_word(text:sub(written + 1)))
    end,
  })
end

---Take what is left of the phrase, or its next word. The phrase's command is run when all of it has been taken.
---@param all boolean
---@return boolean # Whether there was something to take.
function M.take(all)
  if native then
    return take_native(all)
  end
  local place = position.cursor()
  local rest = shown and rest_of(shown, place) or ""
  if rest == "" then
    return false
  end
  local phrase = shown
  local text = all and rest or next_word(rest)
  position.write(place, place.column, text)
  if text == rest then
    M.hide()
    if phrase.command then
      client.execute(phrase.client, phrase.command)
    end
  end
  return true
end

---Let Neovim show the phrases of a client, where it can by itself.
---@param ours table The client.
function M.attach(ours)
  if native then
    native.enable(true, { client_id = ours.id })
  end
end

return M
