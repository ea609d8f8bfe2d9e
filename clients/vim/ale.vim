" Foreword in Vim through ALE: marks on sentences, and the next words with :ALEComplete or 'omnifunc'.
" Source this file in your vimrc behind ALE; see docs/vim.md.

" The command, and the server's settings: let g:foreword_settings = {'completion': {'maxItems': 5}}
let s:command = get(g:, 'foreword_command', ['foreword', 'serve'])
let s:settings = get(g:, 'foreword_settings', {})

" By filetype, the server's name of the language.
let s:languages = {
\   'text': 'text', 'markdown': 'markdown', 'mail': 'mail', 'gitcommit': 'gitcommit', 'hgcommit': 'hgcommit',
\   'rst': 'rst', 'asciidoc': 'asciidoc', 'tex': 'latex', 'plaintex': 'tex', 'typst': 'typst', 'org': 'org',
\}

" The nearest folder with a project's file, else the file's own: ALE starts no server without one.
function! s:Root(buffer) abort
  let l:folder = fnamemodify(bufname(a:buffer), ':p:h')
  for l:marker in ['.foreword.toml', 'pyproject.toml']
    let l:file = findfile(l:marker, fnameescape(l:folder) . ';')
    if !empty(l:file)
      return fnamemodify(l:file, ':p:h')
    endif
  endfor
  let l:git = finddir('.git', fnameescape(l:folder) . ';')
  return empty(l:git) ? l:folder : fnamemodify(l:git, ':p:h:h')
endfunction

for [s:filetype, s:language] in items(s:languages)
  call ale#linter#Define(s:filetype, {
  \   'name': 'foreword',
  \   'lsp': 'stdio',
  \   'executable': s:command[0],
  \   'command': '%e ' . join(map(copy(s:command[1:]), 'ale#Escape(v:val)')),
  \   'language': s:language,
  \   'project_root': function('s:Root'),
  \   'initialization_options': s:settings,
  \})
endfor

" ALE has no linter for plain text unless it is named.
let g:ale_linters = extend({'text': ['foreword']}, get(g:, 'ale_linters', {}))
