; A required module is what its file returns.
(assignment_statement
  (variable_list . name: (identifier) @alias)
  (expression_list .
    value: (function_call name: (identifier) @require arguments: (arguments . [(string) (dot_index_expression)] @module)))
  (#any-of? @require "require" "import" "dofile")) @import @default
(assignment_statement
  (variable_list . name: (identifier) @alias)
  (expression_list .
    value: (dot_index_expression
      table: (function_call name: (identifier) @require arguments: (arguments . (string) @module))
      field: (identifier) @name))
  (#eq? @require "require")) @import
(assignment_statement
  (variable_list . name: (dot_index_expression field: (identifier) @alias))
  (expression_list .
    value: (function_call name: (identifier) @require arguments: (arguments . (string) @module)))
  (#eq? @require "require")) @import @reexport @default
(field
  name: (identifier) @alias
  value: (function_call name: (identifier) @require arguments: (arguments . (string) @module))
  (#eq? @require "require")) @import @reexport @default
(chunk
  (function_call name: (identifier) @require arguments: (arguments . (string) @module))
  (#eq? @require "require")) @import @star @reexport

; What the file returns.
(chunk (return_statement (expression_list . (identifier) @name))) @reexport @default
(chunk
  (return_statement
    (expression_list .
      (function_call name: (identifier) @setmetatable arguments: (arguments . (identifier) @name)))
    (#eq? @setmetatable "setmetatable"))) @reexport @default
(chunk
  (return_statement
    (expression_list . (table_constructor (field name: (identifier) @alias value: (identifier) @name))))) @reexport
(chunk
  (return_statement
    (expression_list .
      (function_call name: (identifier) @require arguments: (arguments . (string) @module)))
    (#eq? @require "require"))) @import @reexport @star
(comment) @comment
