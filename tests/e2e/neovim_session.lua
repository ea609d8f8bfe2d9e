-- One session with a letter: the word bar, ghost text, the list, a mark and what to do about it, a pause, a server that
-- is killed. Run as `nvim --headless … -S neovim_session.lua letter.md`.

local driver = dofile(vim.fn.fnamemodify(debug.getinfo(1, "S").source:sub(2), ":p:h") .. "/neovim_driver.lua")
local foreword, plugin = require("foreword"), require("foreword.client")
local notes, press, wait, write = driver.notes, driver.press, driver.wait, driver.write

local letter = vim.api.nvim_get_current_buf()
local published = {} -- how many marks the server last published for a file, by its URI
local answer -- the last one of the command foreword.status

-- What the server itself says about marks, beside what the editor makes of it.
local show = vim.lsp.handlers["textDocument/publishDiagnostics"]
vim.lsp.handlers["textDocument/publishDiagnostics"] = function(err, result, ...)
  published[result.uri] = #result.diagnostics
  return show(err, result, ...)
end

local function line()
  return vim.api.nvim_get_current_line()
end

local function wait_for_line(what, wanted)
  wait(what, 5, function()
    return line() == wanted
  end)
end

-- How many words and phrases the server was told were taken.
local function accepted()
  answer = nil
  plugin.execute(plugin.all()[1], { command = "foreword.status" }, function(result)
    answer = result
  end)
  wait("the server's status", 5, function()
    return answer
  end)
  return answer.accepted
end

local function insert_mode()
  press("A")
  wait("insert mode", 5, function()
    return vim.fn.mode() == "i"
  end)
end

local function command(text)
  press("<Esc>:" .. text .. "<CR>")
end

local function word_bar()
  write("I will be there in a ")
  notes.bar_after_space = driver.wait_for_bar("", 80) -- the models are loaded meanwhile
  notes.mode_with_bar = vim.fn.mode(1) -- no list has opened
  driver.ask("after_space")
  driver.close_list()
  driver.new_paragraph()
  write("We should sche")
  notes.bar_inside_word = driver.wait_for_bar("sche")
  local before = accepted()
  press("<M-1>")
  wait_for_line("the first word to be taken", "We should " .. notes.bar_inside_word[1] .. " ")
  write("a ")
  notes.bar_second_word = driver.wait_for_bar("")
  press("<M-2>")
  wait_for_line("the second word to be taken", ("We should %s a %s "):format(notes.bar_inside_word[1], notes.bar_second_word[2]))
  notes.bar_accepted = accepted() - before
  press(".") -- takes the place of the word's space
  wait_for_line("the mark", ("We should %s a %s."):format(notes.bar_inside_word[1], notes.bar_second_word[2]))
  driver.new_paragraph()
end

-- What goes on with this is all but certain: where two words are about as likely, it may be either.
local CAPITALS = "The capital of France is Paris, and the capital of Ger"

local function ghost_text()
  write(CAPITALS)
  local ghost = driver.wait_for_ghost()
  notes.ghost = ghost
  local requests = driver.asked["textDocument/inlineCompletion"]
  notes.ghost_while_typed = {}
  for letter in ghost:sub(1, 3):gmatch(".") do
    write(letter)
    table.insert(notes.ghost_while_typed, driver.ghost())
    driver.rest(30)
    table.insert(notes.ghost_while_typed, driver.ghost())
  end
  notes.ghost_requests = driver.asked["textDocument/inlineCompletion"] - requests
  press("<BS>") -- and comes back
  wait_for_line("the letter to go", CAPITALS .. ghost:sub(1, 2))
  notes.ghost_after_deletion = driver.ghost()
  notes.ghost_line = line()
  local before = accepted()
  press("<M-f>")
  wait("a word to be taken", 5, function()
    return line() ~= notes.ghost_line
  end)
  notes.ghost_word = line()
  notes.ghost_behind_word = driver.ghost()
  press("<M-e>")
  wait_for_line("the phrase to be taken", CAPITALS .. ghost)
  notes.ghost_accepted = accepted() - before
  driver.new_paragraph()
end

local function lists()
  write("We should sche")
  driver.take(driver.ask("inside_word"), "schedule")
  driver.new_paragraph()
  write("Zoé 😀 is here, so we should sche")
  driver.ask("behind_emoji")
  driver.close_list()
  driver.wait_for_bar("sche")
  press("<M-1>")
  wait_for_line("the word behind the emoji to be taken", "Zoé 😀 is here, so we should schedule ")
  driver.new_paragraph()
  write("On Sundays the shops here don'")
  driver.take(driver.ask("apostrophe"), "don't")
  driver.new_paragraph()
  if vim.lsp.enable then -- older ones leave out what does not begin as typed
    write("I would like to go to the libary")
    driver.take(driver.ask("slip"), "library")
    driver.new_paragraph()
  end
end

local function wait_for_marks(number)
  wait(number .. " marks", 20, function()
    notes.seen = vim.tbl_map(function(mark) return mark.message end, vim.diagnostic.get(letter))
    return #vim.diagnostic.get(letter) == number
  end)
end

local function pause()
  command("Foreword pause")
  wait("the pause", 5, function()
    return foreword.status() == "Foreword: paused"
  end)
  wait_for_marks(0)
  insert_mode()
  write(" We should sche")
  driver.rest(300)
  notes.paused = { bar = driver.bar(), ghost = driver.ghost() }
  command("Foreword resume")
  wait("the end of the pause", 5, function()
    return foreword.status() ~= "Foreword: paused"
  end)
  wait_for_marks(1)
end

local function words_after_pause()
  insert_mode()
  notes.bar_on_entering = driver.wait_for_bar("sche")
  write("d")
  notes.resumed = driver.wait_for_bar("sched")
  press("<Esc>")
  wait("normal mode", 5, function()
    return vim.fn.mode() == "n"
  end)
  notes.bar_in_normal_mode = driver.bar()
end

local function code_action()
  local choices = {}
  vim.ui.select = function(items, _, choose)
    for _, item in ipairs(items) do
      local action = item.action or item[2] -- as it is from 0.10 on, and before
      table.insert(choices, action.title)
    end
    for place, title in ipairs(choices) do
      if title:match("[Ii]gnore") then
        choose(items[place], place)
      end
    end
  end
  vim.api.nvim_win_set_cursor(0, { vim.diagnostic.get(letter)[1].lnum + 1, vim.diagnostic.get(letter)[1].col + 1 })
  vim.lsp.buf.code_action()
  wait_for_marks(0)
  notes.code_actions = choices
end

local function killed_server(client)
  notes.messages = vim.fn.execute("messages") -- before the editor tells of the server's end
  local old = notes.servers[1]
  vim.loop.kill(old, "sigkill")
  wait("the end of the server", 10, function()
    return #driver.clients(letter) == 0 and foreword.status() == ""
  end)
  command("Foreword restart")
  local new = driver.wait_for_client(letter)[1]
  wait("the new server", 20, function()
    return #vim.api.nvim_get_proc_children(vim.fn.getpid()) == 1
  end)
  notes.restarted = new.id ~= client.id
  table.insert(notes.servers, vim.api.nvim_get_proc_children(vim.fn.getpid())[1])
  press("Go")
  wait("insert mode", 5, function()
    return vim.fn.mode() == "i"
  end)
  write("Tomorrow we should sche")
  notes.bar_after_restart = driver.wait_for_bar("sche", 80)
  press("<M-1>")
  wait_for_line("the word to be taken", "Tomorrow we should " .. notes.bar_after_restart[1] .. " ")
  driver.new_paragraph()
  write("The service was horrible and I hated it. ")
  wait_for_marks(1)
  return new
end

local function health()
  command("checkhealth foreword")
  wait("the report", 10, function()
    return vim.api.nvim_get_current_buf() ~= letter and vim.fn.search("log: ", "nw") > 0
  end)
  notes.health = vim.api.nvim_buf_get_lines(0, 0, -1, true)
  vim.cmd("bwipeout!")
end

local function second_file(client)
  local uri = vim.uri_from_bufnr(letter)
  press("<Esc>:edit %:h/second.md<CR>")
  wait("the second file", 5, function()
    return vim.api.nvim_get_current_buf() ~= letter
  end)
  local others = driver.wait_for_client(vim.api.nvim_get_current_buf())
  notes.same_client = #others == 1 and others[1].id == client.id

  press(":bdelete! " .. letter .. "<CR>")
  wait("the marks to be taken away", 20, function()
    return published[uri] == 0 -- what is published for the second file may come before or after
  end)
  notes.marks_after_closing = #vim.diagnostic.get(letter) + #vim.diagnostic.get()
end

driver.run(function()
  notes.version = vim.version()
  notes.filetypes = foreword.defaults.filetypes
  local client = driver.wait_for_client(letter)[1]
  notes.encoding = client.offset_encoding
  notes.servers = vim.api.nvim_get_proc_children(vim.fn.getpid())
  insert_mode()
  word_bar()
  ghost_text()
  lists()
  write("Élise 🎻 came early. The soup was awful and I hated every minute of the evening.")
  wait_for_marks(1)
  notes.marks = vim.diagnostic.get(letter)
  notes.lines = vim.api.nvim_buf_get_lines(letter, 0, -1, true)
  pause()
  code_action()
  words_after_pause()
  client = killed_server(client)
  health()
  second_file(client)
end)
