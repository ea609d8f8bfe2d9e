" Foreword in Vim through vim-lsp: marks on sentences, the next words with 'omnifunc' (Ctrl-X Ctrl-O).
" Source this file in your vimrc; see docs/vim.md.

let s:command = get(g:, 'foreword_command', ['foreword', 'serve'])
let s:settings = get(g:, 'foreword_settings', {})
let s:filetypes = [
\   'text', 'markdown', 'mail', 'gitcommit', 'hgcommit', 'rst', 'asciidoc', 'tex', 'plaintex', 'typst', 'org',
\]

function! s:Register() abort
  call lsp#register_server({
  \   'name': 'foreword',
  \   'cmd': {_ -> s:command},
  \   'allowlist': s:filetypes,
  \   'root_uri': {_ -> lsp#utils#path_to_uri(lsp#utils#find_nearest_parent_file_directory(
  \     lsp#utils#get_buffer_path(), ['.foreword.toml', 'pyproject.toml', '.git/']))},
  \   'initialization_options': s:settings,
  \   'workspace_config': {'foreword': s:settings},
  \})
endfunction

augroup foreword
  autocmd!
  autocmd User lsp_setup call s:Register()
  autocmd User lsp_buffer_enabled setlocal omnifunc=lsp#complete
augroup END
