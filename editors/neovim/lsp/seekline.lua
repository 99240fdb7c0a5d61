-- The server, for vim.lsp.enable('seekline'). Settings go under `settings.seekline`, in camelCase:
--   vim.lsp.config('seekline', { settings = { seekline = { model = 'deepseek-coder-1.3b-base' } } })
return {
  cmd = { 'seekline', 'serve' },
  root_markers = { 'seekline.toml', '.git', '.hg' },
  settings = { seekline = vim.empty_dict() },
}
