-- Types into a buffer as a user would, and prints as JSON what Neovim then shows. $SEEKLINE_SCENARIO names the session.
local scenario = os.getenv('SEEKLINE_SCENARIO')

local function say(what)
  io.stdout:write(vim.json.encode(what) .. '\n')
end

-- The ghost text on the screen, or nil.
local function ghost_text()
  local namespace = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
  if not namespace then
    return nil
  end
  local mark = vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })[1]
  if not mark then
    return nil
  end
  local text = mark[4].virt_text[1][1]
  for _, line in ipairs(mark[4].virt_lines or {}) do
    text = text .. '\n' .. line[1][1]
  end
  return text
end

local function server()
  return vim.lsp.get_clients({ bufnr = 0, name = 'seekline' })[1]
end

-- Calls `next_step` with the first value of `condition`; gives up after two minutes.
local function when(what, condition, next_step, left)
  local value = condition()
  if value then
    return next_step(value)
  end
  if left == 0 then
    say({ failed = what, mode = vim.api.nvim_get_mode().mode, messages = vim.fn.execute('messages') })
    vim.cmd('cquit')
  end
  vim.defer_fn(function()
    when(what, condition, next_step, (left or 2400) - 1)
  end, 50)
end

local function accept()
  when('ghost text', ghost_text, function(text)
    local before = vim.api.nvim_get_current_line()
    vim.api.nvim_input('<Tab>')
    when('the text was accepted', function()
      return vim.api.nvim_get_current_line() ~= before
    end, function()
      say({
        encoding = server().offset_encoding,
        ghost_text = text,
        before = before,
        lines = vim.api.nvim_buf_get_lines(0, 0, -1, false),
        cursor = vim.api.nvim_win_get_cursor(0),
      })
      vim.cmd('qall!')
    end)
  end)
end

local scenarios = {}

-- The server cannot have come: its answer is read after this script.
function scenarios.typed_before_the_server_came()
  assert(not server())
  vim.cmd('normal! G')
  vim.cmd('startinsert!')
  accept()
end

function scenarios.typed_after_the_server_came()
  when('the server attached', server, function()
    vim.api.nvim_input('GA')
    accept()
  end)
end

scenarios[scenario]()
