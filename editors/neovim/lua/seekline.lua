-- Ghost text from Seekline in Neovim 0.12 or newer.
local M = {}

local defaults = {
  -- Accepts the ghost text; where there is none, the key does what it did before. false: no mapping.
  accept = '<Tab>',
  -- The settings, in camelCase.
  settings = {},
}

-- Starts Seekline for every file. `options`: see `defaults`; `cmd` replaces the server's command line.
function M.setup(options)
  if vim.fn.has('nvim-0.12') == 0 then
    vim.notify('Seekline needs Neovim 0.12 or newer, for inline completion', vim.log.levels.ERROR)
    return
  end
  options = vim.tbl_deep_extend('force', defaults, options or {})
  vim.lsp.config('seekline', {
    cmd = options.cmd,
    settings = { seekline = next(options.settings) and options.settings or vim.empty_dict() },
  })
  vim.lsp.enable('seekline')
  vim.lsp.inline_completion.enable(true)
  if options.accept then
    vim.keymap.set('i', options.accept, function()
      if not vim.lsp.inline_completion.get() then
        return options.accept
      end
    end, { expr = true, desc = 'Accept the ghost text' })
  end
end

return M
