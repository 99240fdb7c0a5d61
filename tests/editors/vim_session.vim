" The session of http_session.lua in classic Vim, with llama.vim: writes as JSON what Vim shows into $SEEKLINE_SEEN.
let s:left = 2400

" The text behind the cursor and the lines below; empty where nothing is shown.
function! s:GhostText() abort
  let l:props = prop_list(line('.'), {'types': ['llama_hl_fim_hint']})
  return join(map(l:props, {_, prop -> prop.text}), "\n")
endfunction

function! s:End(seen) abort
  call writefile([json_encode(a:seen)], $SEEKLINE_SEEN)
  qall!
endfunction

" Calls `Next` once `Condition` holds; gives up after two minutes.
function! s:When(what, Condition, Next, timer) abort
  if a:Condition()
    return a:Next()
  endif
  let s:left -= 1
  if s:left == 0
    return s:End({'failed': a:what, 'mode': mode(), 'messages': execute('messages')})
  endif
  call timer_start(50, function('s:When', [a:what, a:Condition, a:Next]))
endfunction

function! s:Accept() abort
  let s:shown = s:GhostText()
  let s:before = getline(1, '$')
  call feedkeys($SEEKLINE_ACCEPT, 't')
  call s:When('the text was accepted', {-> getline(1, '$') != s:before}, function('s:Say'), 0)
endfunction

function! s:Say() abort
  call s:End({'ghost_text': s:shown, 'before': s:before, 'lines': getline(1, '$'), 'cursor': [line('.'), col('.') - 1]})
endfunction

function! s:Write(timer) abort
  call feedkeys($SEEKLINE_KEYS, 't')
  call s:When('ghost text', {-> s:GhostText() =~ '\S'}, function('s:Accept'), 0)
endfunction

autocmd VimEnter * call timer_start(0, function('s:Write'))
