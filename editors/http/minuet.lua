-- minuet-ai.nvim with Seekline: after the plugin is on the runtimepath.
require('minuet').setup({
  provider = 'openai_fim_compatible',
  n_completions = 1, -- so many equal requests are sent at once, and their answers would be equal, too
  context_window = 32000, -- characters; Seekline cuts what does not fit, so that what it has read already is used again
  debounce = 150, -- ms
  throttle = 0, -- ms
  request_timeout = 10, -- s
  virtualtext = {
    auto_trigger_ft = { '*' },
    keymap = { accept = '<A-a>', accept_line = '<A-l>', dismiss = '<A-e>' },
  },
  provider_options = {
    openai_fim_compatible = {
      name = 'Seekline',
      end_point = 'http://127.0.0.1:8012/v1/completions',
      model = 'seekline',
      api_key = 'TERM', -- the name of a variable of the environment that is never empty: without a key any will do
      stream = true,
      template = {
        prompt = function(before) return before end, -- without minuet's comments in front of the file
        suffix = function(_, after) return after end,
      },
      optional = { max_tokens = 64 },
    },
  },
})
