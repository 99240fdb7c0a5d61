(assignment_statement
  (variable_list . name: (identifier) @name)
  (expression_list . value: [(function_call) (identifier) (dot_index_expression) (binary_expression)] @value)
  (#not-match? @value "^require\\b"))
(parameters name: (identifier) @name)
(for_generic_clause
  (variable_list (identifier) . (identifier) @name)
  (expression_list . (function_call name: (identifier) @each arguments: (arguments . (_) @element)))
  (#any-of? @each "ipairs" "pairs"))
(comment) @comment
(assignment_statement
  (variable_list . name: (identifier) @name)
  (expression_list .
    value: (function_call name: (identifier) @setmetatable arguments: (arguments (_) . (identifier) @type)))
  (#eq? @setmetatable "setmetatable"))
