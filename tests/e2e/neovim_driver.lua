-- Writes in Neovim as a person does, key by key, and notes what the person would see.
--
-- The keys go through nvim_input and Neovim's own main loop, so a session must not block: it is a coroutine that a
-- timer resumes. Every wait has a deadline, as has the session; the first to pass ends it, with a note of what was
-- waited for. The test reads the notes from $FOREWORD_TEST_NOTES.

local uv = vim.uv or vim.loop
local M = {
  notes = { lists = {} },
  asked = {}, -- how often the plugin sent a request, by its method
}

local PATIENCE = 12 -- seconds; the server's own for a model is less
local session_end = uv.hrtime() + 200e9
local thread

-- By method, the number of the last request that was answered: what is on the screen is final when it is the last one.
local answered = {}
local plugin = require("foreword.client")
local request = plugin.request
plugin.request = function(client, bufnr, method, params, handler)
  local number = (M.asked[method] or 0) + 1
  M.asked[method] = number
  return request(client, bufnr, method, params, function(result)
    handler(result)
    answered[method] = math.max(answered[method] or 0, number) -- one that was superseded may be answered later
  end)
end

local function finish()
  M.notes.messages = M.notes.messages or vim.fn.execute("messages")
  vim.fn.writefile({ vim.fn.json_encode(M.notes) }, vim.env.FOREWORD_TEST_NOTES)
  vim.cmd("qall!")
end

local function continue()
  local ok, problem = coroutine.resume(thread)
  if not ok then
    M.notes.problem = debug.traceback(thread, problem)
  end
  if coroutine.status(thread) == "dead" then
    finish()
  end
end

-- Begin a session, which is a function, and leave Neovim when it is done.
function M.run(session)
  thread = coroutine.create(session)
  vim.schedule(continue)
end

function M.wait(what, seconds, ready)
  local deadline = math.min(uv.hrtime() + seconds * 1e9, session_end)
  while not ready() do
    if uv.hrtime() > deadline then
      local line = vim.api.nvim_get_current_line()
      local row = M.screen_row(1)
      error(("%s did not come in time; mode %s, line: %s, below: %s"):format(what, vim.fn.mode(1), line, row), 0)
    end
    vim.defer_fn(continue, 5)
    coroutine.yield()
  end
end

-- Let time pass in which nothing must happen.
function M.rest(milliseconds)
  vim.defer_fn(continue, milliseconds)
  coroutine.yield()
end

function M.press(keys)
  vim.api.nvim_input(keys)
end

function M.write(text)
  for _, character in ipairs(vim.fn.split(text, "\\zs")) do
    local before = vim.api.nvim_get_current_line()
    M.press(character)
    M.wait("the key " .. character, 5, function()
      return vim.api.nvim_get_current_line() == before .. character
    end)
  end
end

function M.new_paragraph()
  local lines = vim.api.nvim_buf_line_count(0)
  M.press("<CR><CR>")
  M.wait("a new paragraph", 5, function()
    return vim.api.nvim_buf_line_count(0) == lines + 2
  end)
end

-- Ask for words with the editor's own key, and note the list on the screen. While a model is being loaded the server
-- may answer with nothing; then a person asks again.
function M.ask(name)
  local again = 0
  M.wait("a list of words", 20, function()
    if vim.fn.pumvisible() == 1 then
      return true
    end
    if uv.hrtime() > again then
      M.press("<C-x><C-o>")
      again = uv.hrtime() + PATIENCE * 1e9
    end
    return false
  end)
  local words = {}
  for _, item in ipairs(vim.fn.complete_info({ "items" }).items) do
    table.insert(words, item.word)
  end
  M.notes.lists[name] = words
  return words
end

function M.take(words, wanted)
  local place = vim.fn.index(words, wanted) + 1
  assert(place > 0, ("%s is not among: %s"):format(wanted, table.concat(words, ", ")))
  M.press(("<C-n>"):rep(place) .. "<C-y>")
  M.wait("the word to be taken", 5, function()
    return vim.fn.pumvisible() == 0 and vim.endswith(vim.api.nvim_get_current_line(), wanted)
  end)
end

function M.close_list()
  M.press("<C-e>")
  M.wait("the list to close", 5, function()
    return vim.fn.pumvisible() == 0
  end)
end

function M.clients(bufnr)
  if vim.lsp.get_clients then
    return vim.lsp.get_clients({ bufnr = bufnr })
  end
  return vim.tbl_values(vim.lsp.buf_get_clients(bufnr))
end

function M.wait_for_client(bufnr)
  M.wait("the client to be attached", 20, function()
    return #M.clients(bufnr) > 0 and vim.bo[bufnr].omnifunc == "v:lua.vim.lsp.omnifunc"
  end)
  return M.clients(bufnr)
end

-- A row of the screen that comes after the cursor's by a number of rows, as a person sees it.
function M.screen_row(below)
  vim.cmd("redraw")
  local row = vim.fn.screenrow() + below
  local cells = {}
  for column = 1, vim.o.columns do
    table.insert(cells, vim.fn.screenstring(row, column))
  end
  return (table.concat(cells):gsub("%s+$", ""))
end

-- The words on the bar, as they are on the screen.
function M.bar()
  local words = {}
  for word in M.screen_row(1):gmatch("%d (%S+)") do
    table.insert(words, word)
  end
  return words
end

-- Wait for the bar to have the words for what is typed by now, all of which begin so. While a model is being loaded the
-- server may answer with nothing; then a person moves the cursor.
function M.wait_for_bar(prefix, seconds)
  local words
  local again = uv.hrtime() + PATIENCE * 1e9
  M.wait("words on the bar that begin with '" .. prefix .. "'", seconds or 20, function()
    if uv.hrtime() > again then
      M.press("<Left>")
      M.rest(200)
      M.press("<Right>")
      M.rest(200)
      again = uv.hrtime() + PATIENCE * 1e9
    end
    words = M.bar()
    return answered["textDocument/completion"] == M.asked["textDocument/completion"]
      and #words > 0
      and #vim.tbl_filter(function(word)
          return not vim.startswith(word, prefix)
        end, words)
        == 0
  end)
  return words
end

-- The ghost text: what stands on the screen behind what is written.
function M.ghost()
  local line = vim.api.nvim_get_current_line()
  return M.screen_row(0):sub(#line + 1)
end

function M.wait_for_ghost()
  local text
  M.wait("ghost text", 20, function()
    text = M.ghost()
    return text ~= ""
  end)
  return text
end

return M
