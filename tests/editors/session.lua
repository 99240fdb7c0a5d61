-- Types into a buffer as a user would, and prints as JSON what Neovim then shows. $SEEKLINE_SCENARIO names the session.
local scenario = os.getenv('SEEKLINE_SCENARIO')

local steps = dofile(vim.fs.joinpath(vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2)), 'steps.lua'))
local say, when = steps.say, steps.when

local function ghost_text()
  return steps.ghost_text('nvim.lsp.inline_completion')
end

local function server()
  return vim.lsp.get_clients({ bufnr = 0, name = 'seekline' })[1]
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
