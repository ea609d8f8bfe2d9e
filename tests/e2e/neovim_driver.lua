-- Writes a letter in Neovim as a person does, key by key, and notes what the person would see.
-- Run as `nvim --headless … -S neovim_driver.lua letter.md`; test_neovim.py reads the notes from $FOREWORD_TEST_NOTES.
--
-- The keys go through nvim_input and Neovim's own main loop, so the script must not block: it is a coroutine that a
-- timer resumes. Every wait has a deadline, as has the session; the first to pass ends it, with a note of what was
-- waited for.

local uv = vim.uv or vim.loop
local letter = vim.api.nvim_get_current_buf()
local notes = { lists = {} }
local published = {} -- how many marks the server last published for a file, by its URI
local session_end = uv.hrtime() + 110e9
local PATIENCE = 12 -- seconds; the server's own for a model is less
local thread

local function finish()
  notes.messages = vim.fn.execute("messages")
  vim.fn.writefile({ vim.fn.json_encode(notes) }, vim.env.FOREWORD_TEST_NOTES)
  vim.cmd("qall!")
end

local function continue()
  local ok, problem = coroutine.resume(thread)
  if not ok then
    notes.problem = debug.traceback(thread, problem)
  end
  if coroutine.status(thread) == "dead" then
    finish()
  end
end

local function wait(what, seconds, ready)
  local deadline = math.min(uv.hrtime() + seconds * 1e9, session_end)
  while not ready() do
    if uv.hrtime() > deadline then
      local line = vim.api.nvim_get_current_line()
      error(("%s did not come in time; mode %s, line: %s"):format(what, vim.fn.mode(1), line), 0)
    end
    vim.defer_fn(continue, 5)
    coroutine.yield()
  end
end

local function press(keys)
  vim.api.nvim_input(keys)
end

local function write(text)
  for _, character in ipairs(vim.fn.split(text, "\\zs")) do
    local before = vim.api.nvim_get_current_line()
    press(character)
    wait("the key " .. character, 5, function()
      return vim.api.nvim_get_current_line() == before .. character
    end)
  end
end

local function new_paragraph()
  local lines = vim.api.nvim_buf_line_count(0)
  press("<CR><CR>")
  wait("a new paragraph", 5, function()
    return vim.api.nvim_buf_line_count(0) == lines + 2
  end)
end

-- Ask for words with the editor's own key, and note the list on the screen. While a model is being loaded the server
-- may answer with nothing; then a person asks again.
local function ask(name, seconds)
  local again = 0
  wait("a list of words", seconds or 20, function()
    if vim.fn.pumvisible() == 1 then
      return true
    end
    if uv.hrtime() > again then
      press("<C-x><C-o>")
      again = uv.hrtime() + PATIENCE * 1e9
    end
    return false
  end)
  local words = {}
  for _, item in ipairs(vim.fn.complete_info({ "items" }).items) do
    table.insert(words, item.word)
  end
  notes.lists[name] = words
  return words
end

local function take(words, wanted)
  local place = vim.fn.index(words, wanted) + 1
  assert(place > 0, ("%s is not among: %s"):format(wanted, table.concat(words, ", ")))
  press(("<C-n>"):rep(place) .. "<C-y>")
  wait("the word to be taken", 5, function()
    return vim.fn.pumvisible() == 0 and vim.endswith(vim.api.nvim_get_current_line(), wanted)
  end)
end

local function close_list()
  press("<C-e>")
  wait("the list to close", 5, function()
    return vim.fn.pumvisible() == 0
  end)
end

local function clients(bufnr)
  if vim.lsp.get_clients then
    return vim.lsp.get_clients({ bufnr = bufnr })
  end
  return vim.tbl_values(vim.lsp.buf_get_clients(bufnr))
end

local function wait_for_client(bufnr)
  wait("the client to be attached", 20, function()
    return #clients(bufnr) > 0 and vim.bo[bufnr].omnifunc == "v:lua.vim.lsp.omnifunc"
  end)
  return clients(bufnr)
end

-- What the server itself says about marks, beside what the editor makes of it.
local show = vim.lsp.handlers["textDocument/publishDiagnostics"]
vim.lsp.handlers["textDocument/publishDiagnostics"] = function(err, result, ...)
  published[result.uri] = #result.diagnostics
  return show(err, result, ...)
end

local function session()
  notes.version = vim.version()
  notes.filetypes = require("foreword").defaults.filetypes
  local client = wait_for_client(letter)[1]
  notes.encoding = client.offset_encoding
  notes.servers = vim.api.nvim_get_proc_children(vim.fn.getpid())

  press("i")
  wait("insert mode", 5, function()
    return vim.fn.mode() == "i"
  end)
  write("I will be there in a ")
  ask("after_space", 80) -- the models are loaded meanwhile
  close_list()

  new_paragraph()
  write("We should sche")
  take(ask("inside_word"), "schedule")

  new_paragraph()
  write("Zoé 😀 is here, so we should sche")
  take(ask("behind_emoji"), "schedule")

  new_paragraph()
  write("I am sorry, but I really don'")
  take(ask("apostrophe"), "don't")

  if vim.lsp.enable then -- older ones leave out what does not begin as typed
    new_paragraph()
    write("I would like to go to the libary")
    take(ask("slip"), "library")
  end

  new_paragraph()
  write("Élise 🎻 came early. The soup was awful and I hated every minute of the evening.")
  wait("a mark", 20, function()
    return #vim.diagnostic.get(letter) > 0
  end)
  notes.marks = vim.diagnostic.get(letter)
  notes.lines = vim.api.nvim_buf_get_lines(letter, 0, -1, true)

  local uri = vim.uri_from_bufnr(letter)
  press("<Esc>:edit %:h/second.md<CR>")
  wait("the second file", 5, function()
    return vim.api.nvim_get_current_buf() ~= letter
  end)
  local others = wait_for_client(vim.api.nvim_get_current_buf())
  notes.same_client = #others == 1 and others[1].id == client.id

  press(":bdelete! " .. letter .. "<CR>")
  local pulls = client.server_capabilities.diagnosticProvider ~= nil -- then the editor takes them away by itself
  wait("the marks to be taken away", 20, function()
    if pulls then
      return #vim.diagnostic.get(letter) == 0
    end
    return published[uri] == 0 -- what is published for the second file may come before or after
  end)
  notes.marks_after_closing = #vim.diagnostic.get(letter) + #vim.diagnostic.get()
end

thread = coroutine.create(session)
vim.schedule(continue)
