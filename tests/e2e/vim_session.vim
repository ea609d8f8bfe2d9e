" One session with a letter, through ALE: a list of words, and a mark.
" Run as `vim -u … -S vim_session.vim letter.md` on a terminal; test_vim.py reads the notes from $FOREWORD_TEST_NOTES.
"
" A timer looks at what is there, and does the next step when its condition holds; each has a deadline.

let s:notes = {}
let s:since = localtime()

function! s:Finish() abort
  call writefile([json_encode(s:notes)], $FOREWORD_TEST_NOTES)
  qall!
endfunction

function! s:Words() abort
  return map(copy(complete_info(['items']).items), 'v:val.word')
endfunction

function! s:Ask() abort
  call feedkeys("\<Plug>(ale_complete)", 't')
endfunction

function! s:Marks() abort
  return filter(ale#engine#GetLoclist(bufnr('')), "v:val.linter_name is# 'foreword'")
endfunction

" Each step: what is waited for, seconds, the condition, and what is done then.
let s:steps = [
\   ['Vim', 10, {-> v:vim_did_enter}, {-> feedkeys('iI will be there in a ', 't')}],
\   ['the words written', 10, {-> getline('.') is# 'I will be there in a '}, {-> s:Ask()}],
\   ['a list of words', 80, {-> pumvisible()}, {-> s:Note('after_space', s:Words())}],
\   ['a list of words', 10, {-> pumvisible()}, {-> feedkeys("\<C-e>\<CR>\<CR>We should sche", 't')}],
\   ['the letters written', 10, {-> getline('.') is# 'We should sche'}, {-> s:Ask()}],
\   ['a list of words', 20, {-> pumvisible()}, {-> s:Note('inside_word', s:Words())}],
\   ['a list of words', 10, {-> pumvisible()}, {-> feedkeys("\<C-n>\<C-y>", 't')}],
\   ['the list to close', 10, {-> !pumvisible()}, {-> s:Note('line', getline('.'))}],
\   ['insert mode', 10, {-> mode() is# 'i'},
\     {-> feedkeys("\<CR>\<CR>Élise came early. The soup was awful and I hated every minute of the evening.\<Esc>", 't')}],
\   ['a mark', 30, {-> !empty(s:Marks())}, {-> s:Note('marks', s:Marks())}],
\   ['the lines', 5, {-> 1}, {-> s:Note('lines', getline(1, '$'))}],
\]

function! s:Note(name, value) abort
  let s:notes[a:name] = a:value
endfunction

" While a model is being loaded the server may answer with nothing; then a person asks again.
let s:asked = localtime()
function! s:AskAgain(what) abort
  if a:what is# 'a list of words' && localtime() - s:asked > 12
    let s:asked = localtime()
    call s:Ask()
  endif
endfunction

function! s:Step(timer) abort
  if empty(s:steps)
    call s:Finish()
    return
  endif
  let [l:what, l:seconds, l:Condition, l:Action] = s:steps[0]
  if l:Condition()
    call remove(s:steps, 0)
    let s:since = localtime()
    let s:asked = localtime()
    call l:Action()
  elseif localtime() - s:since > l:seconds
    let s:notes.problem = l:what . ' did not come in time; text: ' . join(getline(1, '$'), "\n")
    let s:notes.messages = execute('messages')
    call s:Finish()
  else
    call s:AskAgain(l:what)
  endif
endfunction

call timer_start(50, function('s:Step'), {'repeat': -1})
