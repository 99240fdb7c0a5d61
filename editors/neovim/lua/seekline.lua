-- Ghost text from Seekline in Neovim 0.12 or newer.
local M = {}

local defaults = {
  -- Accepts the ghost text; where there is none, the key does what it did before. false: no mapping.
  accept = '<Tab>',
  -- The settings, in camelCase.
  settings = {},
}

-- Neovim asks when insert mode begins and when the cursor moves in it. To one who types already when the server comes
-- neither happens before the next key, so this does as if the cursor had moved.
local function ask_for_what_is_typed_already(buf)
  if vim.api.nvim_get_current_buf() == buf and vim.startswith(vim.api.nvim_get_mode().mode, 'i') then
    vim.api.nvim_exec_autocmds('CursorMovedI', { buf = buf, modeline = false })
  end
end

local status = { state = '', message = '' }

-- For 'statusline': what the server is doing, and what is wrong where it can do nothing.
function M.status()
  return status.state == 'error' and 'Seekline: ' .. status.message or status.state
end

local function run(command, argument)
  for _, client in ipairs(vim.lsp.get_clients({ name = 'seekline' })) do
    client:request('workspace/executeCommand', { command = command, arguments = argument and { argument } })
  end
end

-- No completions but those that are invoked: for so many minutes, or until `resume`.
function M.pause(minutes)
  run('seekline.pause', minutes and { minutes = minutes })
end

function M.resume()
  run('seekline.resume')
end

-- Starts Seekline for every file. `options`: see `defaults`; `cmd` replaces the server's command line.
function M.setup(options)
  if vim.fn.has('nvim-0.12') == 0 then
    vim.notify('Seekline needs Neovim 0.12 or newer, for inline completion', vim.log.levels.ERROR)
    return
  end
  options = vim.tbl_deep_extend('force', defaults, options or {})
  vim.lsp.config('seekline', {
    cmd = options.cmd,
    capabilities = vim.tbl_deep_extend('force', vim.lsp.protocol.make_client_capabilities(), {
      experimental = { seekline = { status = true } },
    }),
    handlers = {
      ['seekline/status'] = function(_, told)
        status = told
        vim.cmd.redrawstatus()
      end,
    },
    settings = { seekline = next(options.settings) and options.settings or vim.empty_dict() },
  })
  vim.api.nvim_create_autocmd('LspAttach', {
    group = vim.api.nvim_create_augroup('seekline', {}),
    callback = function(event)
      if vim.lsp.get_client_by_id(event.data.client_id).name == 'seekline' then
        -- Neovim schedules its own part after these callbacks; what a scheduled function schedules comes behind it.
        vim.schedule(function()
          vim.schedule(function()
            ask_for_what_is_typed_already(event.buf)
          end)
        end)
      end
    end,
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
