-- What the sessions in Neovim share: saying what is seen, and waiting for a condition.
local steps = {}

function steps.say(what)
  io.stdout:write(vim.json.encode(what) .. '\n')
end

-- Calls `next_step` with the first value of `condition`; gives up after two minutes.
function steps.when(what, condition, next_step, left)
  local value = condition()
  if value then
    return next_step(value)
  end
  if left == 0 then
    steps.say({ failed = what, mode = vim.api.nvim_get_mode().mode, messages = vim.fn.execute('messages') })
    vim.cmd('cquit')
  end
  vim.defer_fn(function()
    steps.when(what, condition, next_step, (left or 2400) - 1)
  end, 50)
end

-- The ghost text that the marks of a namespace show, or nil: the text behind the cursor, then whole lines below.
function steps.ghost_text(namespace)
  local id = vim.api.nvim_get_namespaces()[namespace]
  if not id then
    return nil
  end
  local first, below = nil, ''
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, id, 0, -1, { details = true })) do
    first = mark[4].virt_text and mark[4].virt_text[1][1] or first
    for _, line in ipairs(mark[4].virt_lines or {}) do
      below = below .. '\n' .. line[1][1]
    end
  end
  return first and first .. below
end

return steps
