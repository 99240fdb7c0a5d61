-- A plugin that completes over HTTP, in a session as a user has it; prints as JSON what Neovim shows. From the environment:
-- $SEEKLINE_NAMESPACE of the plugin's ghost text; $SEEKLINE_KEYS, what is typed; $SEEKLINE_ACCEPT, the key that takes the
-- ghost text; and, where there is one, $SEEKLINE_VISITED, a file that is looked at before, until $SEEKLINE_SENT exists.
local steps = dofile(vim.fs.joinpath(vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2)), 'steps.lua'))

local function lines()
  return vim.api.nvim_buf_get_lines(0, 0, -1, false)
end

local function ghost_text()
  local text = steps.ghost_text(assert(os.getenv('SEEKLINE_NAMESPACE')))
  return text and text:find('%S') and text
end

local function accept(text)
  local before = lines()
  vim.api.nvim_input(assert(os.getenv('SEEKLINE_ACCEPT')))
  steps.when('the text was accepted', function()
    return not vim.deep_equal(lines(), before)
  end, function()
    local cursor = vim.api.nvim_win_get_cursor(0)
    steps.say({ ghost_text = text, before = before, lines = lines(), cursor = cursor })
    vim.cmd('qall!')
  end)
end

local function write()
  vim.api.nvim_input(assert(os.getenv('SEEKLINE_KEYS')))
  steps.when('ghost text', ghost_text, accept)
end

local visited = os.getenv('SEEKLINE_VISITED')
if not visited then
  return write()
end
vim.cmd.edit(visited)
steps.when('the other file was sent', function()
  return vim.fn.filereadable(assert(os.getenv('SEEKLINE_SENT'))) == 1
end, function()
  vim.cmd.buffer(1)
  write()
end)
