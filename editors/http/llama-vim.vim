" llama.vim with Seekline: before the plugin is loaded, as in ~/.vimrc or ~/.config/nvim/init.vim.
let g:llama_config = {
    \ 'endpoint_fim':      'http://127.0.0.1:8012/infill',
    \ 'endpoint_inst':     'http://127.0.0.1:8012/v1/chat/completions',
    \ 'n_prefix':          2000,
    \ 'n_predict':         64,
    \ 't_max_predict_ms':  1000,
    \ 'ring_n_chunks':     4,
    \ 'show_info':         0,
    \ }
