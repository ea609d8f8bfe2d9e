-- The command `:Foreword`. All else is loaded by `require("foreword").setup()`, or when it is used.

if vim.g.loaded_foreword or vim.fn.has("nvim-0.7") == 0 then
  return
end
vim.g.loaded_foreword = true

vim.api.nvim_create_user_command("Foreword", function(call)
  require("foreword.command").run(call.fargs)
end, {
  nargs = "*",
  desc = "Pause Foreword, ask how it is, start it anew",
  complete = function(lead, line)
    return require("foreword.command").complete(lead, line)
  end,
})
