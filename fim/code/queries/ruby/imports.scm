; What a file requires is visible to all that require it.
(call
  !receiver
  method: (identifier) @require
  arguments: (argument_list . (string (string_content) @module) .)
  (#any-of? @require "require" "require_relative" "load" "require_dependency")) @import @star
(call
  !receiver
  method: (identifier) @require
  arguments: (argument_list . (simple_symbol) @name . (string (string_content) @module))
  (#eq? @require "autoload")) @import
